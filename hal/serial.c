/* SPDX-License-Identifier: MIT */
/*
 * The 16550 UART, polled.  COM1 is the console, COM2 carries trace records.
 * Polling costs little here: an emulated UART is always ready, and the text must
 * come out even when interrupts no longer work.
 */
#include "hal/halp.h"

/* Register offsets and bits. */
#define UART_DATA         0
#define UART_INTERRUPTS   1
#define UART_DIVISOR_LOW  0 /* while LCR's DLAB is set */
#define UART_DIVISOR_HIGH 1
#define UART_FIFO         2
#define UART_LINE_CONTROL 3
#define UART_MODEM        4
#define UART_LINE_STATUS  5
#define UART_SCRATCH      7

#define LCR_8N1               0x03
#define LCR_DLAB              0x80
#define FIFO_ENABLE_AND_CLEAR 0x07
#define MCR_DTR_RTS_OUT2      0x0B
#define LSR_DATA_READY        0x01
#define LSR_TRANSMIT_EMPTY    0x20

/* A real UART sends a byte in 87 us; a missing one must not hang the kernel. */
#define UART_PATIENCE 100000

static BOOLEAN HalpSerialPresent[2]; /* COM1, COM2 */

static ULONG HalpSerialIndex(USHORT Port)
{
    return Port == HAL_COM1 ? 0 : 1;
}

static BOOLEAN HalpSerialProbe(USHORT Port)
{
    HalpWritePort8(Port + UART_SCRATCH, 0x5A);
    return HalpReadPort8(Port + UART_SCRATCH) == 0x5A;
}

BOOLEAN HalSerialInitialize(USHORT Port)
{
    BOOLEAN Present = HalpSerialProbe(Port);

    if (Present) {
        HalpWritePort8(Port + UART_INTERRUPTS, 0);
        HalpWritePort8(Port + UART_LINE_CONTROL, LCR_DLAB);
        HalpWritePort8(Port + UART_DIVISOR_LOW, 1); /* 115200 bits a second */
        HalpWritePort8(Port + UART_DIVISOR_HIGH, 0);
        HalpWritePort8(Port + UART_LINE_CONTROL, LCR_8N1);
        HalpWritePort8(Port + UART_FIFO, FIFO_ENABLE_AND_CLEAR);
        HalpWritePort8(Port + UART_MODEM, MCR_DTR_RTS_OUT2);
    }
    HalpSerialPresent[HalpSerialIndex(Port)] = Present;
    return Present;
}

static void HalpSerialWriteByte(USHORT Port, UCHAR Byte)
{
    ULONG Patience = UART_PATIENCE;

    while (!(HalpReadPort8(Port + UART_LINE_STATUS) & LSR_TRANSMIT_EMPTY)) {
        if (--Patience == 0) {
            HalpSerialPresent[HalpSerialIndex(Port)] = FALSE;
            return;
        }
    }
    HalpWritePort8(Port + UART_DATA, Byte);
}

void HalSerialWrite(USHORT Port, PCVOID Bytes, SIZE_T Length)
{
    const UCHAR *Data = Bytes;
    SIZE_T i;

    for (i = 0; i < Length && HalpSerialPresent[HalpSerialIndex(Port)]; i++) {
        HalpSerialWriteByte(Port, Data[i]);
    }
}

LONG HalSerialRead(USHORT Port)
{
    if (!HalpSerialPresent[HalpSerialIndex(Port)] ||
        !(HalpReadPort8(Port + UART_LINE_STATUS) & LSR_DATA_READY)) {
        return -1;
    }
    return HalpReadPort8(Port + UART_DATA);
}
