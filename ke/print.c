/* SPDX-License-Identifier: MIT */
/*
 * Text for people: to the serial port and the screen, by the HAL's console.
 *
 * A call's text comes out in one piece, from any processor at any IRQL.  The lock
 * is a bare one, taken with interrupts off, because KePrint must work before
 * there are IRQLs and inside everything that checks them; a bugcheck ignores it.
 */
#include "ke/ki.h"

static volatile BOOLEAN KiPrintLock;

typedef struct _KI_PRINT_BUFFER {
    ULONG Length;
    CHAR Text[128];
} KI_PRINT_BUFFER;

static BOOLEAN KiAcquirePrintLock(void)
{
    BOOLEAN Enabled = KeDisableInterrupts();
    ULONG Turns = 0;

    while (__atomic_exchange_n(&KiPrintLock, TRUE, __ATOMIC_ACQUIRE) && !KiBugCheckActive) {
        KiRelax(&Turns);
    }
    return Enabled;
}

static void KiReleasePrintLock(BOOLEAN Enabled)
{
    __atomic_store_n(&KiPrintLock, FALSE, __ATOMIC_RELEASE);
    if (Enabled) {
        KiEnableInterrupts(); /* not KeRestoreInterrupts: printing delivers nothing */
    }
}

static void KiFlushPrintBuffer(KI_PRINT_BUFFER *Buffer)
{
    HalConsoleWrite(Buffer->Text, Buffer->Length);
    Buffer->Length = 0;
}

static void KiPutCharacter(void *Context, CHAR Character)
{
    KI_PRINT_BUFFER *Buffer = Context;

    Buffer->Text[Buffer->Length++] = Character;
    if (Buffer->Length == sizeof(Buffer->Text)) {
        KiFlushPrintBuffer(Buffer);
    }
}

void KePrint(const char *Format, ...)
{
    KI_PRINT_BUFFER Buffer = {.Length = 0};
    BOOLEAN Enabled = KiAcquirePrintLock();
    va_list Arguments;

    va_start(Arguments, Format);
    (void)RtlFormatV(KiPutCharacter, &Buffer, Format, Arguments);
    va_end(Arguments);
    KiFlushPrintBuffer(&Buffer);
    KiReleasePrintLock(Enabled);
}

/* Binary trace records, to the other port: whole ones too. */
void KiPrintRecords(PCVOID Records, SIZE_T Length)
{
    BOOLEAN Enabled = KiAcquirePrintLock();

    HalSerialWrite(HAL_COM2, Records, Length);
    KiReleasePrintLock(Enabled);
}

void KePrintText(PCSTR Text, SIZE_T Length)
{
    BOOLEAN Enabled = KiAcquirePrintLock();

    HalConsoleWrite(Text, Length);
    KiReleasePrintLock(Enabled);
}
