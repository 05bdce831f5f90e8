/* SPDX-License-Identifier: BSD-3-Clause
 *
 * detail/waiters: each notification wakes one of those who waited when it was made, although some
 * are killed.
 *
 * holds:
 * holds: LATE
 * fails: WITHOUT_TAKE_OVER
 * fails: WITHOUT_PASSING_ON
 * fails: LATE WITHOUT_NUMBERS
 * fails: WITHOUT_SLICE WITHOUT_BROADCAST
 *
 * Threads 0 and 1 wait, thread 2 waits too, with LATE after the notifications only. The notifier,
 * who is not killed here, notifies twice (with LATE once), and all when that has had its effect.
 */
#define N 4
#define DEATHS 1
#include "world.inc"

#define NOBODY 9

mtype = { idle, waiting, notified };
mtype state[3] = idle;
byte whose[3] = NOBODY; /* each place is its thread's at first */
byte number[3];
byte before[3];
byte nudges[3];
byte next_number = 1;
byte lock = 0; /* 0: free, else the thread's number + 1 */

byte waited = 0;   /* how many have begun to wait */
byte made = 0;     /* notifications */
byte returned = 0; /* from wait(), notified */
bool all = false;

#define IS_OVER(word) (word != 0 && over[word - 1])
#define IS_DESERTED(i) (whose[i] == NOBODY || over[whose[i]])
#define WAITS(i) (state[i] == waiting && !IS_DESERTED(i))
#ifdef WITHOUT_NUMBERS
#define MAY_TAKE(i) (state[i] == notified && IS_DESERTED(i))
#else
#define MAY_TAKE(i) (state[i] == notified && IS_DESERTED(i) && number[me] < before[i])
#endif

/* The lock of detail/owned_lock, which a model of its own is about. */
inline take_lock() {
  atomic { lock == 0 || IS_OVER(lock) -> lock = me + 1 }
}

inline nudge(i) {
  d_step {
    if
    :: WAITS(i) -> nudges[i]++; asleep[i] = false
    :: else
    fi
  }
}

inline take_over() {
#ifndef WITHOUT_TAKE_OVER
  atomic {
    if
    :: MAY_TAKE(0) -> whose[0] = me; taken = 0
    :: MAY_TAKE(1) -> whose[1] = me; taken = 1
    :: MAY_TAKE(2) -> whose[2] = me; taken = 2
    :: else
    fi
  }
#else
  skip
#endif
}

inline make_free(i) {
  state[i] = idle;
  MAY_DIE;
  whose[i] = NOBODY
}

proctype waiter(byte me) {
  byte taken = NOBODY;
  byte seen = 0;
#ifdef LATE
  if
  :: me == 2 -> made == 1
  :: else
  fi;
#endif
  take_lock();
  whose[me] = me;
  number[me] = next_number;
  next_number++;
  state[me] = waiting;
  atomic { waited++; lock = 0 };
look:
  MAY_DIE;
  seen = nudges[me];
  if
  :: state[me] != waiting -> goto woken
  :: else
  fi;
  MAY_DIE;
  take_over();
  if
  :: taken != NOBODY -> goto woken
  :: else
  fi;
  SLEEP_WHILE(state[me] == waiting && nudges[me] == seen);
  goto look;
woken:
  MAY_DIE;
  take_lock();
  MAY_DIE;
  if
  :: taken != NOBODY && state[me] == notified ->
#ifndef WITHOUT_PASSING_ON
     d_step {
       if
       :: before[me] > before[taken] -> before[taken] = before[me]
       :: else
       fi
     };
     MAY_DIE;
     whose[taken] = NOBODY;
     MAY_DIE;
     nudge(0);
     nudge(1);
     nudge(2)
#else
     make_free(taken)
#endif
  :: taken != NOBODY && state[me] != notified -> make_free(taken)
  :: else
  fi;
  MAY_DIE;
  state[me] = idle;
  d_step { /* what follows is no longer anybody's business */
    whose[me] = NOBODY;
    returned++;
    assert(all || returned <= made);
#ifdef LATE
    assert(all || me != 2);
#endif
    lock = 0
  };
dead:
  skip
}

/* The one that has waited longest. */
inline tell_longest() {
  d_step {
    longest = NOBODY;
    i = 0;
    do
    :: i < 3 ->
       if
       :: WAITS(i) && (longest == NOBODY || number[i] < number[longest]) -> longest = i
       :: else
       fi;
       i++
    :: else -> i = 0; break
    od
  };
  if
  :: longest != NOBODY ->
     before[longest] = next_number;
     d_step { state[longest] = notified; asleep[longest] = false };
     if
     :: IS_DESERTED(longest) -> nudge(0); nudge(1); nudge(2)
     :: else
     fi
  :: else
  fi
}

proctype notifier(byte me) {
  byte i = 0;
  byte longest = NOBODY;
#ifdef LATE
  waited == 2;
#else
  waited == 3;
#endif
  take_lock();
  made++;
  tell_longest();
  lock = 0;
#ifndef LATE
  take_lock();
  made++;
  tell_longest();
  lock = 0;
#endif
  returned == made;
#ifdef LATE
  waited == 3;
#endif
  take_lock();
  all = true;
  tell_longest();
  tell_longest();
  tell_longest();
  lock = 0
}

init {
  atomic {
    BEGIN;
    run waiter(0);
    run waiter(1);
    run waiter(2);
    run notifier(3)
  }
}
