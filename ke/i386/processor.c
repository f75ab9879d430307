/* SPDX-License-Identifier: MIT */
/*
 * Start of a processor: its KPCR behind FS, descriptor tables, task states,
 * control registers and SYSENTER.  Everything is in a KI_PROCESSOR, one for each
 * processor; the boot processor's is static because memory is not there yet.
 *
 * FS stays at the KPCR's linked address; mm only maps the page a second time, at
 * KIP0PCRADDRESS, where NT has it.
 */
#include "ke/i386/kii386.h"

#define MSR_SYSENTER_CS  0x174
#define MSR_SYSENTER_ESP 0x175
#define MSR_SYSENTER_EIP 0x176

/* trapmacros.h makes the table. */
typedef struct _KI_SMAP_SITE {
    PUCHAR Address;
    UCHAR Code[4]; /* three bytes to go there */
} KI_SMAP_SITE;

extern const KI_SMAP_SITE KiSmapSitesStart[], KiSmapSitesEnd[];
extern UCHAR KiBootStackEnd[];

static KI_PROCESSOR KiBootProcessor;

/* ---- Descriptors ----------------------------------------------------------------- */

static void KiSetSegment(
    PKGDTENTRY Gdt, ULONG Selector, PCVOID Address, ULONG Limit, UCHAR Access, UCHAR Flags)
{
    ULONG Base = (ULONG)(ULONG_PTR)Address;

    Gdt[Selector / sizeof(KGDTENTRY)] = (KGDTENTRY){
        .LimitLow = (USHORT)Limit,
        .BaseLow = (USHORT)Base,
        .BaseMid = (UCHAR)(Base >> 16),
        .Access = Access,
        .Flags = (UCHAR)(Flags | (Limit >> 16 & 0xF)),
        .BaseHigh = (UCHAR)(Base >> 24),
    };
}

static void KiInitializeGdt(PKI_PROCESSOR Processor)
{
    PKGDTENTRY Gdt = Processor->Gdt;
    PKI_TASKS Tasks = &Processor->Tasks;

    KiSetSegment(Gdt, KGDT_R0_CODE, NULL, 0xFFFFF, KGDT_ACCESS_CODE, KGDT_FLAGS_FLAT);
    KiSetSegment(Gdt, KGDT_R0_DATA, NULL, 0xFFFFF, KGDT_ACCESS_DATA, KGDT_FLAGS_FLAT);
    KiSetSegment(Gdt, KGDT_R3_CODE, NULL, 0xFFFFF, KGDT_ACCESS_CODE | KGDT_ACCESS_DPL3,
        KGDT_FLAGS_FLAT);
    KiSetSegment(Gdt, KGDT_R3_DATA, NULL, 0xFFFFF, KGDT_ACCESS_DATA | KGDT_ACCESS_DPL3,
        KGDT_FLAGS_FLAT);
    KiSetSegment(Gdt, KGDT_TSS, &Tasks->Main, sizeof(KTSS) - 1, KGDT_ACCESS_TSS, 0);
    KiSetSegment(Gdt, KGDT_R0_PCR, &Processor->Pcr, sizeof(KPCR) - 1, KGDT_ACCESS_DATA,
        KGDT_FLAGS_BYTES);
    KiSetSegment(Gdt, KGDT_R3_TEB, NULL, 0xFFF, KGDT_ACCESS_DATA | KGDT_ACCESS_DPL3,
        KGDT_FLAGS_BYTES);
    KiSetSegment(Gdt, KGDT_DF_TSS, &Tasks->DoubleFault, sizeof(KTSS) - 1, KGDT_ACCESS_TSS, 0);
    KiSetSegment(Gdt, KGDT_NMI_TSS, &Tasks->Nmi, sizeof(KTSS) - 1, KGDT_ACCESS_TSS, 0);
}

static void KiSetGate(PKIDTENTRY Idt, ULONG Vector, PCVOID Handler, USHORT Access)
{
    Idt[Vector] = (KIDTENTRY){
        .OffsetLow = (USHORT)(ULONG_PTR)Handler,
        .Selector = KGDT_R0_CODE,
        .Access = Access,
        .OffsetHigh = (USHORT)((ULONG_PTR)Handler >> 16),
    };
}

static void KiInitializeIdt(PKIDTENTRY Idt)
{
    static void (*const Traps[])(void) = {
        [0x00] = KiTrap00, [0x01] = KiTrap01, [0x03] = KiTrap03, [0x04] = KiTrap04,
        [0x05] = KiTrap05, [0x06] = KiTrap06, [0x07] = KiTrap07, [0x09] = KiTrap09,
        [0x0A] = KiTrap0A, [0x0B] = KiTrap0B, [0x0C] = KiTrap0C, [0x0D] = KiTrap0D,
        [0x0E] = KiTrap0E, [0x0F] = KiTrap0F, [0x10] = KiTrap10, [0x11] = KiTrap11,
        [0x12] = KiTrap12, [0x13] = KiTrap13,
    };
    ULONG i;

    for (i = 0; i < ARRAYSIZE(Traps); i++) {
        if (Traps[i] != NULL) {
            KiSetGate(Idt, i, Traps[i], KIDT_INTERRUPT_GATE);
        }
    }
    for (i = 0x30; i < KI_IDT_ENTRIES; i++) {
        KiSetGate(Idt, i, KiInterruptStubs + (i - 0x30) * 8, KIDT_INTERRUPT_GATE);
    }
    /* What user mode may use: int3, into, a debugger's services, and the system call. */
    KiSetGate(Idt, 0x03, KiTrap03, KIDT_INTERRUPT_GATE | KIDT_DPL3);
    KiSetGate(Idt, 0x04, KiTrap04, KIDT_INTERRUPT_GATE | KIDT_DPL3);
    KiSetGate(Idt, 0x2D, KiTrap2D, KIDT_INTERRUPT_GATE | KIDT_DPL3);
    KiSetGate(Idt, 0x2E, KiSystemService, KIDT_INTERRUPT_GATE | KIDT_DPL3);
    Idt[0x02] = (KIDTENTRY){.Selector = KGDT_NMI_TSS, .Access = KIDT_TASK_GATE};
    Idt[0x08] = (KIDTENTRY){.Selector = KGDT_DF_TSS, .Access = KIDT_TASK_GATE};
}

/* ---- Tasks ----------------------------------------------------------------------------- */

static void KiInitializeTask(PKTSS Tss, void (*Routine)(void), PUCHAR StackTop)
{
    *Tss = (KTSS){
        .Cr3 = KiReadcr3(),
        .Eip = (ULONG)(ULONG_PTR)Routine,
        .EFlags = EFLAGS_FIXED,
        .Esp = (ULONG)(ULONG_PTR)StackTop,
        .Ss0 = KGDT_R0_DATA,
        .Es = KGDT_R3_DATA | RPL_MASK,
        .Cs = KGDT_R0_CODE,
        .Ss = KGDT_R0_DATA,
        .Ds = KGDT_R3_DATA | RPL_MASK,
        .Fs = KGDT_R0_PCR,
        .IoMapBase = sizeof(KTSS), /* past the limit: no port for user mode */
    };
}

static void KiInitializeTasks(PKI_PROCESSOR Processor)
{
    PKI_TASKS Tasks = &Processor->Tasks;

    KiInitializeTask(&Tasks->Main, NULL, NULL);
    KiInitializeTask(&Tasks->DoubleFault, KiDoubleFault,
        Processor->DoubleFaultStack + KI_FAULT_STACK_SIZE);
    KiInitializeTask(&Tasks->Nmi, KiNmi, Processor->NmiStack + KI_FAULT_STACK_SIZE);
}

void KeSetFaultDirectory(ULONG DirectoryTableBase)
{
    PKI_TASKS Tasks = KeGetPcr()->TSS;

    Tasks->DoubleFault.Cr3 = DirectoryTableBase;
    Tasks->Nmi.Cr3 = DirectoryTableBase;
}

/* ---- Loading it all ------------------------------------------------------------------------ */

static void KiLoadDescriptorTables(PKI_PROCESSOR Processor)
{
    struct {
        USHORT Limit;
        PVOID Base;
    } __attribute__((packed)) Gdtr = {sizeof(Processor->Gdt) - 1, Processor->Gdt},
                              Idtr = {sizeof(Processor->Idt) - 1, Processor->Idt};

    __asm__ volatile("lgdt %0\n\t"
                     "lidt %1\n\t"
                     "ljmp %2, $1f\n"
                     "1:\tmovl %3, %%ss\n\t"
                     "movl %4, %%ds\n\t"
                     "movl %4, %%es\n\t"
                     "movl %5, %%fs\n\t"
                     "movl %6, %%gs\n\t"
                     "lldt %w6\n\t"
                     "ltr %w7"
                     :
                     : "m"(Gdtr), "m"(Idtr), "i"(KGDT_R0_CODE), "r"(KGDT_R0_DATA),
                     "r"(KGDT_R3_DATA | RPL_MASK), "r"(KGDT_R0_PCR), "r"(0), "r"(KGDT_TSS)
                     : "memory");
}

/* The window on user memory: its no-operations become STAC and CLAC. */
static void KiEnableSmap(void)
{
    const KI_SMAP_SITE *Site;

    for (Site = KiSmapSitesStart; Site < KiSmapSitesEnd; Site++) {
        memcpy(Site->Address, Site->Code, 3);
    }
}

static void KiSetControlRegisters(void)
{
    static const struct {
        ULONG Feature;
        ULONG Bit;
    } Wanted[] = {
        {HAL_CPU_PGE, CR4_PGE}, {HAL_CPU_FXSR, CR4_OSFXSR}, {HAL_CPU_SSE, CR4_OSXMMEXCPT},
        {HAL_CPU_UMIP, CR4_UMIP}, {HAL_CPU_SMEP, CR4_SMEP}, {HAL_CPU_SMAP, CR4_SMAP},
    };
    ULONG Cr4 = KiReadcr4();
    ULONG i;

    for (i = 0; i < ARRAYSIZE(Wanted); i++) {
        if (HalCpuFeatures & Wanted[i].Feature) {
            Cr4 |= Wanted[i].Bit;
        }
    }
    KiWritecr4(Cr4);
    KiWritecr0(KiReadcr0() | CR0_WP | CR0_NE | CR0_MP | CR0_TS);
}

static void KiWriteMsr(ULONG Register, ULONG_PTR Value)
{
    __asm__ volatile("wrmsr" : : "c"(Register), "a"(Value), "d"(0));
}

static void KiInitializeFastSystemCall(PKI_PROCESSOR Processor)
{
    if (HalCpuFeatures & HAL_CPU_SEP) {
        KiWriteMsr(MSR_SYSENTER_CS, KGDT_R0_CODE);
        KiWriteMsr(MSR_SYSENTER_ESP, (ULONG_PTR)&Processor->Tasks.Main.Esp0);
        KiWriteMsr(MSR_SYSENTER_EIP, (ULONG_PTR)KiFastCallEntry);
    }
}

static void KiInitializePcr(PKI_PROCESSOR Processor, UCHAR Number)
{
    PKPCR Pcr = &Processor->Pcr;

    Pcr->NtTib.ExceptionList = (PVOID)-1;
    Pcr->NtTib.Self = &Pcr->NtTib;
    Pcr->SelfPcr = Pcr;
    Pcr->Prcb = &Pcr->PrcbData;
    Pcr->IDT = Processor->Idt;
    Pcr->GDT = Processor->Gdt;
    Pcr->TSS = &Processor->Tasks;
    Pcr->PrcbData.Number = Number;
    Pcr->PrcbData.TraceNumber = (ULONG)Number << 5;
    Pcr->PrcbData.SetMember = 1u << Number;
}

PKPRCB KiPrepareProcessor(PKI_PROCESSOR Processor, UCHAR Number, PVOID StackTop)
{
    KiInitializePcr(Processor, Number);
    KiInitializeGdt(Processor);
    KiInitializeIdt(Processor->Idt);
    KiInitializeTasks(Processor);
    Processor->Tasks.Main.Esp0 = (ULONG)(ULONG_PTR)StackTop;
    return Processor->Pcr.Prcb;
}

void KiLoadProcessor(PKI_PROCESSOR Processor)
{
    KiLoadDescriptorTables(Processor);
    KiSetControlRegisters();
    KiInitializeFastSystemCall(Processor);
}

void KeInitializeProcessor(void)
{
    PKPRCB Prcb = KiPrepareProcessor(&KiBootProcessor, 0, KiBootStackEnd);

    if (HalCpuFeatures & HAL_CPU_SMAP) {
        KiEnableSmap();
    }
    KiLoadProcessor(&KiBootProcessor);
    KiInitializeIdleThread(Prcb);
    KiInitializeNpx();
    KiEnableInterrupts();
}
