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

static void HalpReadRtc(UCHAR Fields[RtcFields])
{
    ULONG i;

    for (i = 0; i < RtcFields; i++) {
        Fields[i] = HalpReadCmos(HalpRtcRegisters[i]);
    }
}

/* Binary, 24 hours, whatever the chip is set to. */
static void HalpNormalizeRtc(UCHAR Fields[RtcFields])
{
    UCHAR Status = HalpReadCmos(RTC_STATUS_B);
    BOOLEAN Afternoon = !(Status & STATUS_B_24_HOURS) && (Fields[RtcHour] & HOUR_PM);
    ULONG i;

    if (!(Status & STATUS_B_24_HOURS)) {
        Fields[RtcHour] &= HOUR_MASK;
    }
    for (i = 0; i < RtcFields && !(Status & STATUS_B_BINARY); i++) {
        Fields[i] = (UCHAR)((Fields[i] >> 4) * 10 + (Fields[i] & 15));
    }
    if (!(Status & STATUS_B_24_HOURS)) {
        Fields[RtcHour] = (UCHAR)(Fields[RtcHour] % 12 + (Afternoon ? 12 : 0));
    }
}

/* Days from 1 January 1601 to the first day of Year, then to the date. */
static ULONG HalpDaysSince1601(ULONG Year, ULONG Month, ULONG Day)
{
    static const USHORT Before[12] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    ULONG Years = Year - 1601;
    ULONG Days = Years * 365 + Years / 4 - Years / 100 + Years / 400;
    BOOLEAN Leap = (Year % 4 == 0 && Year % 100 != 0) || Year % 400 == 0;

    return Days + Before[Month - 1] + (Leap && Month > 2) + Day - 1;
}

BOOLEAN HalQueryRealTimeClock(PLARGE_INTEGER SystemTime)
{
    UCHAR Fields[RtcFields];
    UCHAR Again[RtcFields];
    ULONGLONG Seconds;
    ULONG Attempt = 0;
    ULONG Days;

    do {
        if (Attempt++ == RTC_ATTEMPTS) {
            return FALSE;
        }
        HalpReadRtc(Fields);
        HalpReadRtc(Again);
    } while (__builtin_memcmp(Fields, Again, sizeof(Fields)) != 0);
    HalpNormalizeRtc(Fields);
    if (Fields[RtcMonth] < 1 || Fields[RtcMonth] > 12 || Fields[RtcDay] < 1 ||
        Fields[RtcDay] > 31 || Fields[RtcHour] > 23) {
        return FALSE;
    }
    Days = HalpDaysSince1601(2000u + Fields[RtcYear], Fields[RtcMonth], Fields[RtcDay]);
    Seconds =
        Days * 86400ull + Fields[RtcHour] * 3600ull + Fields[RtcMinute] * 60ull + Fields[RtcSecond];
    SystemTime->QuadPart = (LONGLONG)(Seconds * 10000000u);
    return TRUE;
}
