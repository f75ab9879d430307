/* SPDX-License-Identifier: MIT */
/*
 * Guarded mutexes: never two owners, and nobody waits for a mutex that is free with
 * no one on the way to it.  Three threads take it twice each.
 *
 * Stands for
 *   Acquire     KeAcquireGuardedMutex (ke/gmutex.c)
 *   Wait        KiWaitForMutex (ke/gmutex.c)
 *   Release     KeReleaseGuardedMutex (ke/gmutex.c)
 *   Wake        KiWakeMutexWaiter (ke/gmutex.c)
 *
 * Each locked instruction is one atomic step; a compare-and-exchange that fails is
 * not told from the loop around it.  The gate is a synchronization event.
 *
 * Broken variants: STALE counts a waiter without looking again whether the mutex has
 * become free; KEEP_WOKEN leaves the bit when a woken thread waits again; MANY wakes
 * another waiter while one is on its way.
 */
#define THREADS 3
#define ROUNDS  2

bool free = true; /* Count */
bool woken;
byte waiters;
bool gate;        /* the event */
byte owners;

inline Wait()
{
    do
    :: atomic {
            free ->
            free = false;
            woken = woken && !mine;
            break
        }
#ifdef STALE
    :: !free ->
#else
    :: atomic {
            !free ->
#endif
            waiters++;
#ifndef KEEP_WOKEN
            woken = woken && !mine;
#endif
            mine = false
#ifndef STALE
        }
#endif
        ;
        atomic { gate -> gate = false; mine = true }
    od
}

inline Acquire()
{
    mine = false;
    if
    :: atomic { free -> free = false }
    :: atomic { !free -> skip };
        Wait()
    fi
}

inline Wake()
{
    if
#ifdef MANY
    :: atomic { free && waiters > 0 -> waiters--; woken = true }
#else
    :: atomic { free && waiters > 0 && !woken -> waiters--; woken = true }
#endif
        gate = true
    :: atomic { !free || waiters == 0 || woken -> skip }
    fi
}

inline Release()
{
    atomic { nobody = waiters == 0 && !woken; free = true };
    if
    :: !nobody -> Wake()
    :: else
    fi
}

proctype Thread()
{
    byte round;
    bool mine, nobody;

    do
    :: round < ROUNDS ->
        Acquire();
        owners++;
        assert(owners == 1);
        owners--;
        Release();
        round++
    :: else -> break
    od
}

init
{
    byte i;

    atomic {
        do
        :: i < THREADS -> run Thread(); i++
        :: else -> break
        od
    }
}
