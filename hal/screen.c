/* SPDX-License-Identifier: MIT */
/*
 * The 80x25 text screen of a VGA card, as the firmware left it: mode 3, memory
 * at B8000, two bytes a cell.  Colour escapes (ESC [ n m) become attributes, all
 * other escapes are swallowed.
 */
#include "hal/halp.h"
#include "boot.h"

#define SCREEN_COLUMNS   80
#define SCREEN_ROWS      25
#define SCREEN_MEMORY    ((volatile USHORT *)(KERNEL_BASE + 0xB8000))
#define SCREEN_NORMAL    0x0700 /* light grey on black */
#define CRTC_INDEX       0x3D4
#define CRTC_DATA        0x3D5
#define CRTC_CURSOR_HIGH 14
#define CRTC_CURSOR_LOW  15
#define ESCAPE           0x1B

typedef enum _SCREEN_STATE {
    ScreenText,
    ScreenEscape,  /* after ESC */
    ScreenControl, /* after ESC [ */
} SCREEN_STATE;

static struct {
    ULONG Row;
    ULONG Column;
    USHORT Attribute;
    SCREEN_STATE State;
    ULONG Parameter; /* of the control sequence being read */
} HalpScreen = {.Attribute = SCREEN_NORMAL};

static void HalpClearRow(ULONG Row)
{
    ULONG i;

    for (i = 0; i < SCREEN_COLUMNS; i++) {
        SCREEN_MEMORY[Row * SCREEN_COLUMNS + i] = SCREEN_NORMAL | ' ';
    }
}

static void HalpNewLine(void)
{
    volatile ULONG *Memory = (volatile ULONG *)SCREEN_MEMORY;
    ULONG i;

    HalpScreen.Column = 0;
    if (++HalpScreen.Row < SCREEN_ROWS) {
        return;
    }
    HalpScreen.Row = SCREEN_ROWS - 1;
    for (i = 0; i < (SCREEN_ROWS - 1) * SCREEN_COLUMNS / 2; i++) {
        Memory[i] = Memory[i + SCREEN_COLUMNS / 2];
    }
    HalpClearRow(SCREEN_ROWS - 1);
}

/* The VGA numbers red and blue the other way round than ECMA-48. */
static void HalpSelectGraphics(ULONG Parameter)
{
    static const UCHAR Colors[8] = {0, 4, 2, 6, 1, 5, 3, 7};

    if (Parameter == 0) {
        HalpScreen.Attribute = SCREEN_NORMAL;
    } else if (Parameter == 1) {
        HalpScreen.Attribute |= 0x0800;
    } else if (Parameter >= 30 && Parameter <= 37) {
        HalpScreen.Attribute = (HalpScreen.Attribute & 0xF800) | Colors[Parameter - 30] << 8;
    } else if (Parameter >= 90 && Parameter <= 97) {
        HalpScreen.Attribute = 0x0800 | Colors[Parameter - 90] << 8;
    }
}

/* One character of an escape sequence. */
static void HalpScreenControl(CHAR Character)
{
    if (HalpScreen.State == ScreenEscape) {
        HalpScreen.State = Character == '[' ? ScreenControl : ScreenText;
        HalpScreen.Parameter = 0;
    } else if (Character >= '0' && Character <= '9') {
        HalpScreen.Parameter = HalpScreen.Parameter * 10 + (ULONG)(Character - '0');
    } else if (Character == ';' || Character == 'm') {
        HalpSelectGraphics(HalpScreen.Parameter);
        HalpScreen.Parameter = 0;
        HalpScreen.State = Character == ';' ? ScreenControl : ScreenText;
    } else {
        HalpScreen.State = ScreenText;
    }
}

static void HalpScreenCharacter(CHAR Character)
{
    if (Character == '\n') {
        HalpNewLine();
    } else if (Character == '\r') {
        HalpScreen.Column = 0;
    } else if (Character == '\b') {
        HalpScreen.Column -= HalpScreen.Column != 0;
    } else if (Character == ESCAPE) {
        HalpScreen.State = ScreenEscape;
    } else if (Character >= ' ') {
        if (HalpScreen.Column == SCREEN_COLUMNS) {
            HalpNewLine();
        }
        SCREEN_MEMORY[HalpScreen.Row * SCREEN_COLUMNS + HalpScreen.Column] =
            HalpScreen.Attribute | (UCHAR)Character;
        HalpScreen.Column++;
    }
}

static void HalpMoveCursor(void)
{
    ULONG Cell = HalpScreen.Row * SCREEN_COLUMNS + HalpScreen.Column;

    HalpWritePort8(CRTC_INDEX, CRTC_CURSOR_HIGH);
    HalpWritePort8(CRTC_DATA, (UCHAR)(Cell >> 8));
    HalpWritePort8(CRTC_INDEX, CRTC_CURSOR_LOW);
    HalpWritePort8(CRTC_DATA, (UCHAR)Cell);
}

void HalpInitializeScreen(void)
{
    ULONG i;

    for (i = 0; i < SCREEN_ROWS; i++) {
        HalpClearRow(i);
    }
    HalpMoveCursor();
}

void HalpScreenWrite(PCSTR Text, SIZE_T Length)
{
    SIZE_T i;

    for (i = 0; i < Length; i++) {
        if (HalpScreen.State != ScreenText) {
            HalpScreenControl(Text[i]);
        } else {
            HalpScreenCharacter(Text[i]);
        }
    }
    HalpMoveCursor();
}
