# SPDX-License-Identifier: MIT
#
# Nascent's build.  `make help` lists the targets and variables.
#
# Two compilers: a bare ELF one for the kernel, mingw-w64 for the PE images of
# user mode.  A layer is a folder and every source in it is compiled, so a new
# file needs no line here.  Everything made goes to $(O).

O        ?= build
CPUS     ?= 1
MEM      ?= 64
BOOT     ?= iso
ARGS     ?=
ONLY     ?= all
GNU      := $(if $(shell command -v i686-elf-gcc),i686-elf,i686-linux-gnu)
CROSS    ?= $(GNU)
SANITIZE ?=
MINGW    := i686-w64-mingw32
PYTHON   ?= python3
export CPUS MEM BOOT ARGS ONLY O STEPS SEED FUZZ_SECONDS

.DEFAULT_GOAL := build
.DELETE_ON_ERROR:
.SECONDARY:
MAKEFLAGS += --no-builtin-rules
# On all processors, but `clean` before something else needs the order.
ifeq ($(MAKELEVEL)$(filter clean,$(MAKECMDGOALS)),0)
MAKEFLAGS += -j$(shell nproc 2> /dev/null || echo 2)
endif
# V=1 shows the commands; otherwise a line says what is made.
$(V).SILENT:

# --- Kernel: ELF, linked in the high half ------------------------------------

KERNEL_DIRS := boot rtl hal ke ke/i386 mm ob ex io lpc se ps tests/kernel
KERNEL_SRCS := $(sort $(wildcard $(KERNEL_DIRS:=/*.c) $(KERNEL_DIRS:=/*.S) ldr/pe.c ldr/mapped.c))
ifneq ($(SANITIZE),)
KERNEL_SRCS += $(patsubst %,%.c,sanitize/report sanitize/$(SANITIZE) tests/sanitize/$(SANITIZE))
endif
KERNEL_OBJS := $(KERNEL_SRCS:%=$(O)/kernel/%.o)
# A release build is optimised as a whole, because most of what one file asks of another
# is shorter than a call.  It has few loops that turn often enough to pay for the no-ops
# that align them; and what gcc computes early, to have it once for several paths, most
# calls pay for and never use.  Of gcc's tunings, k8 is the one with the fewest instructions.
LTO := $(if $(RELEASE),$(if $(filter clang,$(CROSS)),,-flto=auto \
	--param max-inline-insns-auto=100 --param inline-unit-growth=200 -mtune=k8 \
	-fno-align-loops -fno-align-jumps -fno-tree-pre -fno-code-hoisting -fno-if-conversion))
KERNEL_WARN := -Wall -Wextra $(if $(CI),-Werror)
KERNEL_FLAGS := -std=gnu11 -ffreestanding -march=i686 -mtune=generic -mgeneral-regs-only -fshort-wchar \
	-malign-double $(if $(filter clang,$(CROSS)),-mstack-alignment=4,-mpreferred-stack-boundary=2) \
	-fno-pic -fno-pie -fno-stack-protector -fcf-protection=none \
	-fno-asynchronous-unwind-tables -fno-omit-frame-pointer -fno-strict-aliasing -fno-common \
	-ffile-prefix-map=$(CURDIR)=. -O2 -g -Iinc -I. -I$(O)/gen $(if $(RELEASE),-DNDEBUG) $(LTO)
# Not the run-time halves themselves, nor pool.c, which looks into what it has given out.
SANITIZER_undefined := -fsanitize=undefined -fsanitize=bounds-strict -fno-sanitize=alignment
SANITIZER_kernel-address := -fsanitize=kernel-address --param asan-stack=0 --param asan-globals=0
SANITIZER = $(if $(filter sanitize/% mm/pool.c,$<),,$(SANITIZER_$(SANITIZE)))
ifeq ($(SANITIZE),kernel-address)
KERNEL_FLAGS += -DNASCENT_KASAN
LINK_WRAP    := -Wl,--wrap=memcpy,--wrap=memmove,--wrap=memset
endif

ifeq ($(CROSS),clang)
CC      := clang --target=i686-unknown-none-elf
NM      := $(GNU)-nm
LINK    = ld.lld -m elf_i386 -z noexecstack --build-id=none
LIBGCC  = $$($(GNU)-gcc -print-libgcc-file-name)
else
CC      := $(CROSS)-gcc
NM      := $(CROSS)-nm
LINK    = $(CC) $(KERNEL_FLAGS) -nostdlib -static -no-pie -Wl,--build-id=none,-z,noexecstack,--no-warn-rwx-segments
LIBGCC  = -lgcc
endif

# --- User mode: PE, pages mapped straight from the ramdisk ------------------------

USER_CC    := $(MINGW)-gcc
USER_FLAGS := -std=gnu11 -ffreestanding -march=i686 -mtune=generic -mno-stack-arg-probe -mgeneral-regs-only \
	-fno-stack-protector -fno-asynchronous-unwind-tables -fno-ident -fno-strict-aliasing \
	-ffile-prefix-map=$(CURDIR)=. -O2 -g -Wall -Wextra $(if $(CI),-Werror) \
	-D_WIN32_WINNT=0x0502 -DWIN32_LEAN_AND_MEAN $(if $(RELEASE),-DNDEBUG) -Iinc -I. -I$(O)/gen
USER_LINK  := $(USER_CC) -nostdlib -nostartfiles -Wl,--section-alignment,0x1000 \
	-Wl,--file-alignment,0x1000 -Wl,--no-insert-timestamp -Wl,--disable-auto-import
LINK_NATIVE  := -Wl,--subsystem,native -Wl,--entry,_NtProcessStartup@4
LINK_CONSOLE := -Wl,--subsystem,console -Wl,--entry,_mainCRTStartup

objects      = $(patsubst %,$(O)/user/obj/%.o,$(sort $(wildcard $(1))))
NTDLL_OBJS  := $(call objects,rtl/*.c ldr/*.c csr/client/*.c user/ntdll/*.c user/ntdll/*.S)
K32_OBJS    := $(call objects,user/kernel32/*.c user/kernel32/*.S)
CSRSS_OBJS  := $(call objects,csr/server/*.c)
SMSS_OBJS   := $(call objects,user/smss/*.c)
APPS        := $(patsubst user/apps/%.c,%,$(wildcard user/apps/*.c))
USER_TESTS  := $(patsubst tests/user/%.c,%,$(wildcard tests/user/*.c))
TEST_DLLS   := $(patsubst tests/user/dlls/%.c,%,$(wildcard tests/user/dlls/*.c))

# As the kernel; not the programs, at which binutils' ld would stumble.
$(NTDLL_OBJS) $(K32_OBJS) $(CSRSS_OBJS): USER_LTO := $(if $(RELEASE),-flto=auto)
LINK_WHOLE = $(if $(RELEASE),$(USER_FLAGS) -flto=auto)

SYSTEM_IMAGES := ntdll.dll kernel32.dll smss.exe csrss.exe
RAMDISK_FILES := $(SYSTEM_IMAGES:%=windows/system32/%) $(APPS:%=programs/%.exe) \
	$(USER_TESTS:%=tests/%.exe) $(TEST_DLLS:%=tests/%.dll)
KERNEL  := $(O)/kernel.elf
RAMDISK := $(O)/ramdisk.img
ISO     := $(O)/nascent.iso
SETUP_STAMP := $(if $(filter no,$(SETUP)),,$(O)/setup.stamp)
TEST_STAMP  := $(if $(filter no,$(SETUP)),,$(O)/setup-tests.stamp)

# --- What one can ask for ------------------------------------------------------------

.PHONY: build run test fuzz debug bench iso check analyze size clean help toolchain setup \
	kernel-objects user host-tests

build: $(KERNEL) $(RAMDISK) ## build kernel and ramdisk (the default)

run: build $(if $(filter iso,$(BOOT)),$(ISO)) ## boot it in QEMU and watch the six phases
	@$(PYTHON) tools/run.py

test: build iso | $(TEST_STAMP) ## run every test
	@$(PYTHON) tests/run.py

fuzz: build | $(TEST_STAMP) ## by chance and for hours: STEPS=10000000 SEED=time FUZZ_SECONDS=600
	@$(PYTHON) tests/fuzz.py

debug: build | $(TEST_STAMP) ## QEMU stopped at the first instruction, gdb with all symbols
	@$(PYTHON) tools/run.py --gdb

bench: ## measure; a line a row and $(O)/bench.json; ONLY=B3: one, ONLY=pair: two processors
	@$(MAKE) --no-print-directory O=$(O)/release RELEASE=1 build
	@O=$(O)/release $(PYTHON) tools/bench.py $(O)/bench.json

iso: $(ISO) ## the GRUB image that `make run` boots

check: build | $(TEST_STAMP) ## layer order, sparse, lengths of files and functions, the book
	@failed=0; NM=$(NM) $(PYTHON) tools/layers.py || failed=1; \
	CC=$(firstword $(CC)) tools/sparse.sh $(filter-out tests/%,$(KERNEL_SRCS)) || failed=1; \
	$(PYTHON) tools/size.py --check || failed=1; \
	$(PYTHON) tools/doccheck.py || failed=1; \
	$(PYTHON) tools/gentables.py --check || failed=1; exit $$failed

# crash.c is wrong on purpose.
analyze: $(O)/gen/status_names.inc | $(TEST_STAMP) ## gcc's analyser and clang-tidy, kernel and user mode
	@failed=0; export CC=$(GNU)-gcc USER_CC=$(USER_CC); \
	tools/analyze.sh kernel $(filter-out tests/% boot/crash.c,$(filter %.c,$(KERNEL_SRCS))) || \
		failed=1; \
	tools/analyze.sh user $(sort $(wildcard ldr/*.c csr/*/*.c user/*/*.c)) || failed=1; \
	exit $$failed

size: ## lines of code by layer
	@$(PYTHON) tools/size.py

clean: ## remove $(O)
	rm -rf $(O)

toolchain: ## optional: build GCC for i686-elf from Debian's sources
	tools/toolchain.sh

setup: $(SETUP_STAMP) $(TEST_STAMP) ## install missing packages; every target does it by itself

help: ## this text
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | sed 's|$$(O)|$(O)|' | \
		while IFS='|' read -r t d; do printf '%-22s%s\n' "$$t" "$$d"; done
	@echo 'Variables (default):'
	@echo '  CPUS=$(CPUS)  MEM=$(MEM) (MiB)  BOOT=$(BOOT) (or direct, menu)  V=1 (show commands)'
	@echo '  ARGS="kernel options"; ARGS=help prints them'
	@echo '  CROSS=$(CROSS) (or clang)  SETUP=no (install nothing)  O=$(O)'
	@echo '  SANITIZE=undefined or kernel-address (a kernel that checks itself; use another O)'
	@echo '  RELEASE=1 (no assertions; bench has it)  ONLY=$(ONLY) (bench)'

# --- Rules -----------------------------------------------------------------------------

$(O)/setup.stamp:
	mkdir -p $(O)
	tools/setup.sh build
	touch $@
$(O)/setup-tests.stamp: | $(O)/setup.stamp
	tools/setup.sh tests
	touch $@

$(O)/gen/status_names.inc: inc/nt/status.h | $(SETUP_STAMP)
	mkdir -p $(@D)
	sed -n 's/^#define \([A-Z][A-Z0-9_]*\) *((__force NTSTATUS).*/NTSTATUS_NAME(\1)/p' $< > $@

GENERATED := $(O)/gen/status_names.inc

# So that what a release build may grow by inlining is spent on the kernel.
$(O)/kernel/tests/%.o: KERNEL_FLAGS += $(if $(RELEASE),-Os)

$(O)/kernel/%.o: % Makefile | $(GENERATED) $(SETUP_STAMP)
	mkdir -p $(@D)
	echo "  CC    $<"
	$(CC) $(KERNEL_FLAGS) $(SANITIZER) $(KERNEL_WARN) -MMD -MP -c -o $@ $<

$(O)/user/obj/%.o: % Makefile | $(GENERATED) $(SETUP_STAMP)
	mkdir -p $(@D)
	echo "  UCC   $<"
	$(USER_CC) $(USER_FLAGS) $(USER_LTO) -MMD -MP -c -o $@ $<

kernel-objects: $(KERNEL_OBJS) ## compile the kernel without linking it

# Linked twice: the first pass tells the symbol table (.ksyms) the addresses of
# the functions, which the second does not move because .text comes first.
$(O)/kernel/ksyms0.S: tools/ksyms.py | $(SETUP_STAMP)
	mkdir -p $(@D)
	$(PYTHON) tools/ksyms.py < /dev/null > $@
$(O)/kernel/ksyms1.S: $(O)/kernel/pass1.elf
	$(NM) -S $< | $(PYTHON) tools/ksyms.py > $@
$(O)/kernel/ksyms%.o: $(O)/kernel/ksyms%.S
	$(CC) $(KERNEL_FLAGS) -c -o $@ $<
LINK_KERNEL = $(LINK) $(LINK_WRAP) -T linker.ld -o $@ $(filter %.o,$^) $(LIBGCC)
$(O)/kernel/pass1.elf: $(KERNEL_OBJS) $(O)/kernel/ksyms0.o linker.ld
	$(LINK_KERNEL)
$(KERNEL): $(KERNEL_OBJS) $(O)/kernel/ksyms1.o linker.ld
	echo "  LD    $@"
	$(LINK_KERNEL)

user: $(addprefix $(O)/ramdisk/,$(RAMDISK_FILES)) ## build the user-mode images

$(O)/user/libntdll.a: user/ntdll/ntdll.def | $(SETUP_STAMP)
	mkdir -p $(@D)
	$(MINGW)-dlltool -k -D ntdll.dll -d $< -l $@
$(O)/user/libkernel32.a: user/kernel32/kernel32.def | $(SETUP_STAMP)
	mkdir -p $(@D)
	$(MINGW)-dlltool -k -D kernel32.dll -d $< -l $@

LINK_DLL = echo "  ULD   $@" && $(USER_LINK) -shared -Wl,--kill-at -o $@ $(filter %.o %.def,$^)
$(O)/user/windows/system32/ntdll.dll: $(NTDLL_OBJS) user/ntdll/ntdll.def
	mkdir -p $(@D)
	$(LINK_DLL) -Wl,--image-base,0x77f00000 -Wl,--subsystem,native -Wl,--entry,0 -lgcc $(LINK_WHOLE)
$(O)/user/windows/system32/kernel32.dll: $(K32_OBJS) user/kernel32/kernel32.def $(O)/user/libntdll.a
	mkdir -p $(@D)
	$(LINK_DLL) -Wl,--image-base,0x77e00000 -Wl,--subsystem,console \
		-Wl,--entry,_BaseDllInitialize@12 -L$(O)/user -lntdll -lgcc $(LINK_WHOLE)

LINK_EXE = echo "  ULD   $@" && $(USER_LINK) -Wl,--image-base,0x400000 -o $@ \
	$(filter %.o,$^) -L$(O)/user
$(O)/user/windows/system32/smss.exe: $(SMSS_OBJS) $(O)/user/libntdll.a
	mkdir -p $(@D)
	$(LINK_EXE) $(LINK_NATIVE) -lntdll -lgcc
$(O)/user/windows/system32/csrss.exe: $(CSRSS_OBJS) $(O)/user/libntdll.a
	mkdir -p $(@D)
	$(LINK_EXE) $(LINK_NATIVE) -lntdll -lgcc $(LINK_WHOLE)
# A program whose source says "subsystem: native" imports ntdll alone.
link_program = $(LINK_EXE) $(if $(shell grep -l 'subsystem: native' $(1)),$(LINK_NATIVE),\
	$(LINK_CONSOLE) -lkernel32) -lntdll -lgcc
$(O)/user/programs/%.exe: $(O)/user/obj/user/apps/%.c.o $(O)/user/libntdll.a $(O)/user/libkernel32.a
	mkdir -p $(@D)
	$(call link_program,user/apps/$*.c)
TEST_LIBS := $(TEST_DLLS:%=$(O)/user/lib%.a)
$(O)/user/tests/%.exe: $(O)/user/obj/tests/user/%.c.o $(O)/user/libntdll.a $(O)/user/libkernel32.a \
		$(TEST_LIBS)
	mkdir -p $(@D)
	$(call link_program,tests/user/$*.c) $(TEST_DLLS:%=-l%)
# All DLLs of the tests want one base, so that the loader has to relocate them.
$(TEST_LIBS): $(O)/user/lib%.a: tests/user/dlls/%.def | $(SETUP_STAMP)
	mkdir -p $(@D)
	$(MINGW)-dlltool -k -D $*.dll -d $< -l $@
$(O)/user/tests/%.dll: $(O)/user/obj/tests/user/dlls/%.c.o tests/user/dlls/%.def $(TEST_LIBS)
	mkdir -p $(@D)
	$(LINK_DLL) -Wl,--image-base,0x10000000 -Wl,--subsystem,console \
		-Wl,--entry,_DllMain@12 -L$(O)/user $(TEST_DLLS:%=-l%) -lntdll

# The ramdisk has no debug information or symbols: gdb reads the images under $(O)/user.
$(O)/ramdisk/%: $(O)/user/%
	mkdir -p $(@D)
	$(MINGW)-strip -s -o $@ $<

$(RAMDISK): $(addprefix $(O)/ramdisk/,$(RAMDISK_FILES)) tools/mkramdisk.py
	echo "  PACK  $@"
	$(PYTHON) tools/mkramdisk.py $@ $(O)/ramdisk $(RAMDISK_FILES)

# The dates make the image the same whenever it is built.
$(ISO): $(KERNEL) $(RAMDISK) boot/grub.cfg
	rm -rf $(O)/iso && mkdir -p $(O)/iso/boot/grub
	echo "  ISO   $@"
	cp $(KERNEL) $(RAMDISK) $(O)/iso/boot
	cp boot/grub.cfg $(O)/iso/boot/grub
	grub-mkrescue -o $@ --locales= --fonts= --themes= --install-modules="multiboot normal serial \
		terminal iso9660 biosdisk test echo boot configfile smbios part_msdos" $(O)/iso -- \
		-volume_date uuid 2000010100000000 -volume_date all_file_dates =946684800 2> $(O)/iso.log \
		|| { cat $(O)/iso.log; exit 1; }

-include tests/host/host.mk
-include $(shell find $(O) -name '*.d' 2> /dev/null)
