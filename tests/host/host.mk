# SPDX-License-Identifier: MIT
#
# Tests that run where the build runs: pure code under the sanitizers, and the
# check of inc/nt/status.h against the stock ntstatus.h.
#
# They are 32-bit, as the kernel is.  The cross compiler brings a 32-bit C
# library and sanitizers of its own, so the machine needs no multilib packages.

HOST_CC    := i686-linux-gnu-gcc
HOST_ROOT  := /usr/i686-linux-gnu/lib
# ntdll's wcslen counts 16-bit characters, the C library's 32-bit ones.  -malign-double as
# in the kernel; nothing that is asked of the C library has 64-bit members.
HOST_FLAGS := -std=gnu11 -g -O1 -malign-double -fshort-wchar -fno-omit-frame-pointer -Wall -Wextra \
	$(if $(CI),-Werror) -fsanitize=address,undefined -fno-sanitize-recover=all \
	-Dwcslen=Nt_wcslen -Iinc -I. -I$(O)/gen
# The old kind of rpath, which holds for the libraries of the libraries, too.
HOST_LINK  := -Wl,--dynamic-linker=$(HOST_ROOT)/ld-linux.so.2 -Wl,-rpath,$(HOST_ROOT) \
	-Wl,--disable-new-dtags
# rtl/memory.c defines what the sanitizers' run-time library needs under these names.
HOST_RENAME := $(foreach f,memcpy memmove memset memcmp strlen strnlen strcmp strncmp,-D$(f)=Nt_$(f))

HOST_TESTS := list bitmap avl memory string format security pe mapped cpio handle
HOST_OBJS  := $(patsubst %,$(O)/host/%.o,$(wildcard rtl/*.c) ldr/pe.c ldr/mapped.c io/cpio.c \
	tests/host/ktap.c tests/host/image.c tests/host/archive.c)

$(O)/host/rtl/memory.c.o $(O)/host/tests/host/memory.c.o: HOST_FLAGS += $(HOST_RENAME)
$(O)/host/%.c.o: %.c | $(O)/gen/status_names.inc $(TEST_STAMP)
	@mkdir -p $(@D)
	$(HOST_CC) $(HOST_FLAGS) -MMD -MP -c -o $@ $<

$(HOST_TESTS:%=$(O)/host/%): $(O)/host/%: $(O)/host/tests/host/%.c.o $(HOST_OBJS)
	$(HOST_CC) $(HOST_FLAGS) $(HOST_LINK) -o $@ $^

# Needs pieces of the kernel, which tests/host/handle.c fakes.
$(O)/host/handle: $(O)/host/ex/handle.c.o

# One assertion a code, compiled against mingw-w64's ntstatus.h.
$(O)/gen/status_check.c: inc/nt/status.h
	@mkdir -p $(@D)
	@echo '#include "nt/ntdef.h"' > $@
	sed -n 's/^#define \([A-Z][A-Z0-9_]*\) *((__force NTSTATUS)\(0x[0-9A-F]*\)).*/_Static_assert((ULONG)\1 == \2, "\1");/p' \
		$< >> $@
$(O)/host/status_check.o: $(O)/gen/status_check.c inc/nt/ntdef.h | $(SETUP_STAMP)
	@mkdir -p $(@D)
	i686-w64-mingw32-gcc -std=gnu11 -Wall -Wextra -Iinc -c -o $@ $<

.PHONY: host-tests fuzz-pe fuzz-cpio
host-tests: $(HOST_TESTS:%=$(O)/host/%) $(O)/host/status_check.o ## test pure code on this machine
	@failed=0; for t in $(HOST_TESTS); do $(O)/host/$$t || failed=1; done; exit $$failed

# clang's fuzzer library is 64-bit; the parser does not care.
fuzz-pe: ## fuzz the PE parser for a minute (FUZZ_SECONDS=60)
	@mkdir -p $(O)/host/corpus
	clang -std=gnu11 -g -O1 -fshort-wchar -Wno-ignored-attributes -Iinc -I. \
		-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
		-o $(O)/host/fuzz-pe tests/host/fuzz_pe.c tests/host/image.c ldr/pe.c ldr/mapped.c
	cd $(O)/host && ./fuzz-pe $(if $(SEED),-seed=$(SEED)) \
		-max_total_time=$(or $(FUZZ_SECONDS),60) -max_len=8192 corpus

fuzz-cpio: ## the same for the ramdisk's archive
	@mkdir -p $(O)/host/corpus-cpio
	clang -std=gnu11 -g -O1 -fshort-wchar -Wno-ignored-attributes -Iinc -I. \
		-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
		-o $(O)/host/fuzz-cpio tests/host/fuzz_cpio.c tests/host/archive.c io/cpio.c
	cd $(O)/host && ./fuzz-cpio $(if $(SEED),-seed=$(SEED)) \
		-max_total_time=$(or $(FUZZ_SECONDS),60) -max_len=8192 corpus-cpio
