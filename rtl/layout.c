/* SPDX-License-Identifier: MIT */
/*
 * Makes both builds check inc/nt/layout.h; produces no code.
 */
#include "nt/layout.h"
