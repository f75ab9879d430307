/* SPDX-License-Identifier: MIT */
/*
 * What KUSER_SHARED_DATA says of the system once and for all.  Its times are
 * clock.c's, the way into the kernel is usermode.c's.
 */
#include "hal.h"
#include "ke/ki.h"
#include "nt/image.h"

#define SYSTEM_ROOT L"C:\\WINDOWS"

/* Indices into ProcessorFeatures, NT's PF_... */
static const struct {
    UCHAR Index;
    ULONG Feature; /* HAL_CPU_... */
} KiFeatures[] = {
    {2, HAL_CPU_CX8},   /* PF_COMPARE_EXCHANGE_DOUBLE */
    {6, HAL_CPU_SSE},   /* PF_XMMI_INSTRUCTIONS_AVAILABLE */
    {8, HAL_CPU_TSC},   /* PF_RDTSC_INSTRUCTION_AVAILABLE */
    {9, HAL_CPU_PAE},   /* PF_PAE_ENABLED */
    {10, HAL_CPU_SSE2}, /* PF_XMMI64_INSTRUCTIONS_AVAILABLE */
    {12, HAL_CPU_NX},   /* PF_NX_ENABLED */
};

void KiInitializeSharedData(void)
{
    PKUSER_SHARED_DATA Shared = (PKUSER_SHARED_DATA)KI_USER_SHARED_DATA;

    memcpy(Shared->NtSystemRoot, SYSTEM_ROOT, sizeof(SYSTEM_ROOT));
    Shared->ImageNumberLow = IMAGE_FILE_MACHINE_I386;
    Shared->ImageNumberHigh = IMAGE_FILE_MACHINE_I386;
    Shared->NtProductType = 3; /* NtProductServer */
    Shared->ProductTypeIsValid = TRUE;
    Shared->NtMajorVersion = 5;
    Shared->NtMinorVersion = 2;
    for (ULONG i = 0; i < ARRAYSIZE(KiFeatures); i++) {
        if (HalCpuFeatures & KiFeatures[i].Feature) {
            Shared->ProcessorFeatures[KiFeatures[i].Index] = TRUE;
        }
    }
}
