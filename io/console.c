/* SPDX-License-Identifier: MIT */
/*
 * \Device\Console: the serial line and the screen, as programs see them.
 *
 * Output goes the way of the kernel's own messages.  Input is read line by line:
 * characters are echoed, backspace takes the last one back, and a reader gets a
 * line only when it is finished, at most one a read.  All readers share the line
 * being typed; who finds it finished first has it.
 *
 * The UART is polled by whoever waits: there is no interrupt to lose, and no
 * reader means no work.
 */
#include "hal.h"
#include "io/iop.h"

#define CONSOLE_LINE_SIZE   256 /* characters, the line feed included */
#define CONSOLE_CHUNK_SIZE  256 /* printed in one piece */
#define CONSOLE_POLL_PERIOD 100000 /* 10 ms in units of 100 ns */
#define BACKSPACE           0x08
#define RUBOUT              0x7F

static KGUARDED_MUTEX IopConsoleLock;

/* Guarded by the lock. */
static struct {
    CHAR Text[CONSOLE_LINE_SIZE];
    ULONG Length;
    ULONG Taken;      /* of a finished line: what readers already have */
    BOOLEAN Finished; /* takes no more characters until it is read */
} IopConsoleLine;

static void IopConsoleAppend(CHAR Character)
{
    IopConsoleLine.Text[IopConsoleLine.Length++] = Character;
    KePrintText(&Character, 1);
}

/* One character of the keyboard.  The last place in the line is the line feed's. */
static void IopConsoleInput(UCHAR Character)
{
    if (Character == '\r' || Character == '\n') {
        IopConsoleAppend('\n');
        IopConsoleLine.Finished = TRUE;
    } else if (Character == BACKSPACE || Character == RUBOUT) {
        if (IopConsoleLine.Length != 0) {
            IopConsoleLine.Length--;
            KePrintText("\b \b", 3);
        }
    } else if (Character >= ' ' && IopConsoleLine.Length < CONSOLE_LINE_SIZE - 1) {
        IopConsoleAppend((CHAR)Character);
    }
}

/* Up to Size characters of a finished line; 0: there is none yet. */
static ULONG IopTakeLine(PCHAR Text, ULONG Size)
{
    ULONG Count = 0;
    LONG Character;

    KeAcquireGuardedMutex(&IopConsoleLock);
    while (!IopConsoleLine.Finished && (Character = HalSerialRead(HAL_COM1)) >= 0) {
        IopConsoleInput((UCHAR)Character);
    }
    if (IopConsoleLine.Finished) {
        Count = IopConsoleLine.Length - IopConsoleLine.Taken;
        Count = Count < Size ? Count : Size;
        RtlCopyMemory(Text, &IopConsoleLine.Text[IopConsoleLine.Taken], Count);
        IopConsoleLine.Taken += Count;
    }
    if (IopConsoleLine.Finished && IopConsoleLine.Taken == IopConsoleLine.Length) {
        IopConsoleLine.Length = IopConsoleLine.Taken = 0;
        IopConsoleLine.Finished = FALSE;
    }
    KeReleaseGuardedMutex(&IopConsoleLock);
    return Count;
}

/* The rest of a line that is longer than Length is for the next read. */
static NTSTATUS IopReadConsole(PFILE_OBJECT File, VOID __user *Buffer, ULONG Length,
    const LARGE_INTEGER *Offset, PULONG Done)
{
    LARGE_INTEGER Period = {.QuadPart = -CONSOLE_POLL_PERIOD};
    BOOLEAN Alertable = (File->Options & FILE_SYNCHRONOUS_IO_ALERT) != 0;
    ULONG Size = Length < CONSOLE_LINE_SIZE ? Length : CONSOLE_LINE_SIZE;
    CHAR Text[CONSOLE_LINE_SIZE];
    NTSTATUS Status = MmProbeForWrite(Buffer, Size, 1);

    UNREFERENCED_PARAMETER(Offset);
    if (!NT_SUCCESS(Status) || Size == 0) {
        return Status;
    }
    while ((*Done = IopTakeLine(Text, Size)) == 0) {
        Status = KeDelayExecutionThread(KeGetPreviousMode(), Alertable, &Period);
        if (Status == STATUS_USER_APC || Status == STATUS_ALERTED) {
            return Status;
        }
    }
    return MmCopyToUser(Buffer, Text, *Done);
}

/* Where to cut a long text, so that what comes between is between lines. */
static ULONG IopCutAtLine(const CHAR *Text, ULONG Count)
{
    ULONG End = Count;

    while (End != 0 && Text[End - 1] != '\n') {
        End--;
    }
    return End != 0 ? End : Count;
}

static NTSTATUS IopWriteConsole(PFILE_OBJECT File, VOID __user *Buffer, ULONG Length,
    const LARGE_INTEGER *Offset, PULONG Done)
{
    CHAR Text[CONSOLE_CHUNK_SIZE];

    UNREFERENCED_PARAMETER(File);
    UNREFERENCED_PARAMETER(Offset);
    while (*Done < Length) {
        ULONG Left = Length - *Done;
        ULONG Count = Left < sizeof(Text) ? Left : sizeof(Text);
        NTSTATUS Status = MmCopyFromUser(Text, (const CHAR __user *)Buffer + *Done, Count);

        if (!NT_SUCCESS(Status)) {
            return Status;
        }
        Count = Count < Left ? IopCutAtLine(Text, Count) : Count;
        KePrintText(Text, Count);
        *Done += Count;
    }
    return STATUS_SUCCESS;
}

/* A device without files: the disposition does not matter, as on NT. */
static NTSTATUS IopOpenConsole(PDEVICE_OBJECT Device, PIOP_FILE Directory,
    PCUNICODE_STRING Name, PIOP_OPEN_PACKET Packet)
{
    UNREFERENCED_PARAMETER(Device);
    UNREFERENCED_PARAMETER(Directory);
    if (Name->Length != 0) {
        return STATUS_OBJECT_NAME_NOT_FOUND;
    }
    return Packet->Options & FILE_DIRECTORY_FILE ? STATUS_NOT_A_DIRECTORY : STATUS_SUCCESS;
}

NTSTATUS IopInitConsole(void)
{
    static const IOP_DEVICE_ROUTINES Routines = {
        .Open = IopOpenConsole,
        .Read = IopReadConsole,
        .Write = IopWriteConsole,
    };

    KeInitializeGuardedMutex(&IopConsoleLock, LockLevelConsole);
    return IopCreateDevice(L"\\Device\\Console", &Routines, NULL);
}
