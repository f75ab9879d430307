/* SPDX-License-Identifier: MIT */
/*
 * What the processor can do, from CPUID, once at boot.  Emulators differ: v86
 * answers extended leaves that it does not have with nonsense, so each leaf is
 * read only when its range's maximum covers it.
 *
 * boot/entry.S has made sure that CPUID and PAE exist.
 */
#include "hal/halp.h"

ULONG HalCpuFeatures;
CHAR HalCpuVendor[13];

enum { RegisterEbx, RegisterEcx, RegisterEdx };

typedef struct _HALP_FEATURE {
    ULONG Bit;
    ULONG Leaf;
    UCHAR Register;
    UCHAR Position;
    CHAR Name[8];
} HALP_FEATURE;

static const HALP_FEATURE HalpFeatures[] = {
    {HAL_CPU_FPU, 1, RegisterEdx, 0, "fpu"},
    {HAL_CPU_PSE, 1, RegisterEdx, 3, "pse"},
    {HAL_CPU_TSC, 1, RegisterEdx, 4, "tsc"},
    {HAL_CPU_PAE, 1, RegisterEdx, 6, "pae"},
    {HAL_CPU_CX8, 1, RegisterEdx, 8, "cx8"},
    {HAL_CPU_APIC, 1, RegisterEdx, 9, "apic"},
    {HAL_CPU_SEP, 1, RegisterEdx, 11, "sep"},
    {HAL_CPU_PGE, 1, RegisterEdx, 13, "pge"},
    {HAL_CPU_CMOV, 1, RegisterEdx, 15, "cmov"},
    {HAL_CPU_PAT, 1, RegisterEdx, 16, "pat"},
    {HAL_CPU_FXSR, 1, RegisterEdx, 24, "fxsr"},
    {HAL_CPU_SSE, 1, RegisterEdx, 25, "sse"},
    {HAL_CPU_SSE2, 1, RegisterEdx, 26, "sse2"},
    {HAL_CPU_NX, 0x80000001, RegisterEdx, 20, "nx"},
    {HAL_CPU_SMEP, 7, RegisterEbx, 7, "smep"},
    {HAL_CPU_SMAP, 7, RegisterEbx, 20, "smap"},
    {HAL_CPU_UMIP, 7, RegisterEcx, 2, "umip"},
    {HAL_CPU_HYPERVISOR, 1, RegisterEcx, 31, "hv"},
};

static ULONG HalpCpuid(ULONG Leaf, ULONG Registers[3])
{
    ULONG eax;

    __asm__ volatile("cpuid"
                     : "=a"(eax), "=b"(Registers[RegisterEbx]), "=c"(Registers[RegisterEcx]),
                     "=d"(Registers[RegisterEdx])
                     : "a"(Leaf), "c"(0));
    return eax;
}

static BOOLEAN HalpHasLeaf(ULONG Leaf)
{
    ULONG registers[3];
    ULONG range = Leaf & 0x80000000u;
    ULONG maximum = HalpCpuid(range, registers);

    /* A maximum of another range means that this range does not exist. */
    return (maximum & 0x80000000u) == range && maximum >= Leaf;
}

VOID HalInitializeProcessorFeatures(VOID)
{
    ULONG registers[3];
    ULONG i;

    HalpCpuid(0, registers);
    __builtin_memcpy(&HalCpuVendor[0], &registers[RegisterEbx], 4);
    __builtin_memcpy(&HalCpuVendor[4], &registers[RegisterEdx], 4);
    __builtin_memcpy(&HalCpuVendor[8], &registers[RegisterEcx], 4);
    for (i = 0; i < ARRAYSIZE(HalpFeatures); i++) {
        const HALP_FEATURE *feature = &HalpFeatures[i];

        if (HalpHasLeaf(feature->Leaf)) {
            HalpCpuid(feature->Leaf, registers);
            if (registers[feature->Register] >> feature->Position & 1) {
                HalCpuFeatures |= feature->Bit;
            }
        }
    }
}

VOID HalDescribeCpuFeatures(PSTR Buffer, SIZE_T Size)
{
    SIZE_T used = 0;
    ULONG i;

    for (i = 0; i < ARRAYSIZE(HalpFeatures) && Size != 0; i++) {
        const CHAR *name = HalpFeatures[i].Name;

        if (!(HalCpuFeatures & HalpFeatures[i].Bit)) {
            continue;
        }
        if (used != 0 && used + 1 < Size) {
            Buffer[used++] = ' ';
        }
        while (*name != 0 && used + 1 < Size) {
            Buffer[used++] = *name++;
        }
    }
    if (Size != 0) {
        Buffer[used] = 0;
    }
}
