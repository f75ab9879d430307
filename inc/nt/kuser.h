/* SPDX-License-Identifier: MIT */
/*
 * KUSER_SHARED_DATA: one page that every process sees read-only at 7FFE0000 and
 * the kernel writes at FFDF0000.  Time is read here without a system call, and
 * the system-call stubs find the way into the kernel at offset 300.
 */
#pragma once
#include "nt/ntdef.h"

#define MM_SHARED_USER_DATA_VA 0x7FFE0000u
#define KI_USER_SHARED_DATA    0xFFDF0000u

/* 64 bits that can be read without a lock: NascentReadTime. */
#ifndef _KSYSTEM_TIME_DEFINED
#define _KSYSTEM_TIME_DEFINED
typedef struct _KSYSTEM_TIME {
    ULONG LowPart;
    LONG High1Time;
    LONG High2Time;
} KSYSTEM_TIME, *PKSYSTEM_TIME;
#endif

/* The writer goes from High2 to High1: what lies between two equal ones is of their time. */
FORCEINLINE ULONGLONG NascentReadTime(const volatile KSYSTEM_TIME *Time)
{
    LONG High;
    ULONG Low;

    do {
        High = Time->High1Time;
        Low = Time->LowPart;
    } while (High != Time->High2Time);
    return (ULONGLONG)(ULONG)High << 32 | Low;
}

typedef struct _KUSER_SHARED_DATA {
    ULONG TickCountLowDeprecated;
    ULONG TickCountMultiplier; /* milliseconds a tick, 8.24 fixed point */
    volatile KSYSTEM_TIME InterruptTime; /* 100 ns since boot */
    volatile KSYSTEM_TIME SystemTime;    /* 100 ns since 1601, UTC */
    volatile KSYSTEM_TIME TimeZoneBias;
    USHORT ImageNumberLow;
    USHORT ImageNumberHigh;
    WCHAR NtSystemRoot[260];
    ULONG MaxStackTraceDepth;
    ULONG CryptoExponent;
    ULONG TimeZoneId;
    ULONG LargePageMinimum;
    ULONG Reserved2[7];
    ULONG NtProductType;
    BOOLEAN ProductTypeIsValid;
    ULONG NtMajorVersion;
    ULONG NtMinorVersion;
    BOOLEAN ProcessorFeatures[64];
    ULONG Reserved1;
    ULONG Reserved3;
    volatile ULONG TimeSlip;
    ULONG AlternativeArchitecture;
    ULONG AltArchitecturePad;
    LARGE_INTEGER SystemExpirationDate;
    ULONG SuiteMask;
    BOOLEAN KdDebuggerEnabled;
    UCHAR NXSupportPolicy;
    volatile ULONG ActiveConsoleId;
    volatile ULONG DismountCount;
    ULONG ComPlusPackage;
    ULONG LastSystemRITEventTickCount;
    ULONG NumberOfPhysicalPages;
    BOOLEAN SafeBootMode;
    ULONG TraceLogging;
    ULONG Fill0;
    ULONGLONG TestRetInstruction;
    ULONG SystemCall;       /* address of KiFastSystemCall or KiIntSystemCall */
    ULONG SystemCallReturn; /* address of KiFastSystemCallRet */
    ULONGLONG SystemCallPad[3];
    union {
        volatile KSYSTEM_TIME TickCount;
        volatile ULONGLONG TickCountQuad;
    };
    ULONG Cookie;
} KUSER_SHARED_DATA, *PKUSER_SHARED_DATA;

#define USER_SHARED_DATA ((const KUSER_SHARED_DATA *)MM_SHARED_USER_DATA_VA)
