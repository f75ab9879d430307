/* SPDX-License-Identifier: MIT */
/*
 * The two 8259 interrupt controllers.  With APICs they are only moved out of the
 * way of the exceptions and masked; without, they do the work.
 */
#include "hal/halp.h"

#define PIC1_COMMAND 0x20
#define PIC1_DATA    0x21
#define PIC2_COMMAND 0xA0
#define PIC2_DATA    0xA1

#define ICW1_CASCADE_ICW4 0x11
#define ICW3_SLAVE_ON_2   0x04 /* to the master: a mask */
#define ICW3_IDENTITY_2   0x02 /* to the slave: a number */
#define ICW4_8086         0x01
#define OCW2_END          0x20
#define OCW3_READ_ISR     0x0B
#define CASCADE_LINE      2

static USHORT HalpPicMask = 0xFFFF;

static void HalpWritePicMask(void)
{
    HalpWritePort8(PIC1_DATA, (UCHAR)HalpPicMask);
    HalpWritePort8(PIC2_DATA, (UCHAR)(HalpPicMask >> 8));
}

void HalpInitializePic(void)
{
    HalpWritePort8(PIC1_COMMAND, ICW1_CASCADE_ICW4);
    HalpWritePort8(PIC2_COMMAND, ICW1_CASCADE_ICW4);
    HalpWritePort8(PIC1_DATA, HAL_VECTOR_IRQ_BASE);
    HalpWritePort8(PIC2_DATA, HAL_VECTOR_IRQ_BASE + 8);
    HalpWritePort8(PIC1_DATA, ICW3_SLAVE_ON_2);
    HalpWritePort8(PIC2_DATA, ICW3_IDENTITY_2);
    HalpWritePort8(PIC1_DATA, ICW4_8086);
    HalpWritePort8(PIC2_DATA, ICW4_8086);
    HalpPicMask = 0xFFFF & ~(1u << CASCADE_LINE);
    HalpWritePicMask();
}

void HalpSetPicMask(ULONG Irq, BOOLEAN Masked)
{
    USHORT Bit = (USHORT)(1u << Irq);

    HalpPicMask = Masked ? HalpPicMask | Bit : HalpPicMask & ~Bit;
    HalpWritePicMask();
}

/*
 * A line that drops before it is acknowledged arrives as the controller's line 7
 * without its in-service bit.  The master still wants an end of interrupt for a
 * spurious line of the slave: its own cascade line is in service.
 */
BOOLEAN HalpIsPicSpurious(UCHAR Vector)
{
    BOOLEAN Slave = Vector == HAL_VECTOR_PIC_SPURIOUS2;
    USHORT Command = Slave ? PIC2_COMMAND : PIC1_COMMAND;

    if (Vector != HAL_VECTOR_PIC_SPURIOUS1 && !Slave) {
        return FALSE;
    }
    HalpWritePort8(Command, OCW3_READ_ISR);
    if (HalpReadPort8(Command) & 0x80) {
        return FALSE;
    }
    if (Slave) {
        HalpWritePort8(PIC1_COMMAND, OCW2_END);
    }
    return TRUE;
}

void HalpEndPicInterrupt(UCHAR Vector)
{
    if (Vector >= HAL_VECTOR_IRQ_BASE + 8) {
        HalpWritePort8(PIC2_COMMAND, OCW2_END);
    }
    HalpWritePort8(PIC1_COMMAND, OCW2_END);
}
