/* SPDX-License-Identifier: MIT */
/*
 * The battery clock (MC146818).  It is read twice until both readings agree,
 * because it may step to the next second in between.
 */
#include "hal/halp.h"

#define CMOS_INDEX   0x70
#define CMOS_DATA    0x71
#define CMOS_NMI_OFF 0x80

#define RTC_STATUS_B      0x0B
#define STATUS_B_24_HOURS 0x02
#define STATUS_B_BINARY   0x04
#define HOUR_PM           0x80
#define HOUR_MASK         0x7F

#define RTC_ATTEMPTS 5

enum { RtcSecond, RtcMinute, RtcHour, RtcDay, RtcMonth, RtcYear, RtcFields };
static const UCHAR HalpRtcRegisters[RtcFields] = {0x00, 0x02, 0x04, 0x07, 0x08, 0x09};

static UCHAR HalpReadCmos(UCHAR Register)
{
    HalpWritePort8(CMOS_INDEX, CMOS_NMI_OFF | Register);
    return HalpReadPort8(CMOS_DATA);
}

static VOID HalpReadRtc(UCHAR Fields[RtcFields])
{
    ULONG i;

    for (i = 0; i < RtcFields; i++) {
        Fields[i] = HalpReadCmos(HalpRtcRegisters[i]);
    }
}

/* Binary, 24 hours, whatever the chip is set to. */
static VOID HalpNormalizeRtc(UCHAR Fields[RtcFields])
{
    UCHAR status = HalpReadCmos(RTC_STATUS_B);
    BOOLEAN afternoon = !(status & STATUS_B_24_HOURS) && (Fields[RtcHour] & HOUR_PM);
    ULONG i;

    if (!(status & STATUS_B_24_HOURS)) {
        Fields[RtcHour] &= HOUR_MASK;
    }
    for (i = 0; i < RtcFields && !(status & STATUS_B_BINARY); i++) {
        Fields[i] = (UCHAR)((Fields[i] >> 4) * 10 + (Fields[i] & 15));
    }
    if (!(status & STATUS_B_24_HOURS)) {
        Fields[RtcHour] = (UCHAR)(Fields[RtcHour] % 12 + (afternoon ? 12 : 0));
    }
}

/* Days from 1 January 1601 to the first day of Year, then to the date. */
static ULONG HalpDaysSince1601(ULONG Year, ULONG Month, ULONG Day)
{
    static const USHORT before[12] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    ULONG years = Year - 1601;
    ULONG days = years * 365 + years / 4 - years / 100 + years / 400;
    BOOLEAN leap = (Year % 4 == 0 && Year % 100 != 0) || Year % 400 == 0;

    return days + before[Month - 1] + (leap && Month > 2) + Day - 1;
}

BOOLEAN HalQueryRealTimeClock(PLARGE_INTEGER SystemTime)
{
    UCHAR fields[RtcFields];
    UCHAR again[RtcFields];
    ULONGLONG seconds;
    ULONG attempt = 0;
    ULONG days;

    do {
        if (attempt++ == RTC_ATTEMPTS) {
            return FALSE;
        }
        HalpReadRtc(fields);
        HalpReadRtc(again);
    } while (__builtin_memcmp(fields, again, sizeof(fields)) != 0);
    HalpNormalizeRtc(fields);
    if (fields[RtcMonth] < 1 || fields[RtcMonth] > 12 || fields[RtcDay] < 1 ||
        fields[RtcDay] > 31 || fields[RtcHour] > 23) {
        return FALSE;
    }
    days = HalpDaysSince1601(2000u + fields[RtcYear], fields[RtcMonth], fields[RtcDay]);
    seconds =
        days * 86400ull + fields[RtcHour] * 3600u + fields[RtcMinute] * 60u + fields[RtcSecond];
    SystemTime->QuadPart = (LONGLONG)(seconds * 10000000u);
    return TRUE;
}
