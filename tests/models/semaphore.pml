/* SPDX-License-Identifier: BSD-3-Clause
 *
 * detail/units: a semaphore gets back what the killed had, and nothing else.
 *
 * holds:
 * fails: WITHOUT_GIVING_BACK
 * fails: NOTE_AFTER_TAKING
 * fails: WITHOUT_DEBT
 * fails: WITHOUT_SECOND_LOOK
 * fails: WITHOUT_SLICE WITHOUT_BROADCAST
 */
#define N 3
#define DEATHS 2
#define UNITS 1
#include "world.inc"

byte value = UNITS;
byte sleepers = 0;
byte note[N];    /* units, as their taker says */
byte changes[N]; /* of the note */
byte debt = 0;
byte lock = 0; /* 0: free, else the thread's number + 1 */

bool has[N];          /* the truth: between the two compare-and-swaps */
byte left_behind = 0; /* by the killed, and not given back */

/* What somebody has who is killed is left behind; called with his last step. */
#undef MAY_DIE
#define MAY_DIE                                                                  \
  if                                                                             \
  :: d_step { deaths > 0 -> DIE }; goto dead                                     \
  :: true                                                                        \
  fi
#define DIE                                                                      \
  deaths--; killed[me] = true; left_behind = left_behind + has[me]; has[me] = false

#define IS_OVER(word) (word != 0 && over[word - 1])

inline note_one() {
  d_step { note[me]++; changes[me]++ }
}

inline forget_one() {
  d_step {
    if
    :: note[me] > 0 -> note[me]--; changes[me]++
    :: else
    fi
  }
}

/* The sum of all notes and of all changes. */
inline look_at_notes(units, versions) {
  d_step { units = note[0]; versions = changes[0] };
  d_step { units = units + note[1]; versions = versions + changes[1] };
  d_step { units = units + note[2]; versions = versions + changes[2] }
}

inline collect(i) {
  d_step { /* a transaction */
    if
    :: over[i] && note[i] > 0 ->
       debt = debt + note[i];
       note[i] = 0;
       if
       :: debt > UNITS -> debt = UNITS
       :: else
       fi
    :: else
    fi
  }
}

inline pay() {
  look_at_notes(units, versions);
  seen = value;
  look_at_notes(again, versions_again);
#ifdef WITHOUT_SECOND_LOOK
  versions_again = versions;
  again = units;
#endif
  if
  :: versions == versions_again && seen + units < UNITS -> paid = UNITS - seen - units
  :: else -> paid = 0
  fi;
  if
  :: paid > debt -> paid = debt
  :: else
  fi;
  if
  :: paid > 0 ->
     MAY_DIE;
     d_step {
       value = value + paid;
       assert(paid <= left_behind);
       left_behind = left_behind - paid
     }
  :: else
  fi;
  MAY_DIE;
#ifdef WITHOUT_DEBT
  debt = 0;
#else
  d_step {
    debt = debt - paid;
    if
    :: value >= UNITS -> debt = 0
    :: value < UNITS && debt > UNITS - value -> debt = UNITS - value
    :: else
    fi
  };
#endif
  if
  :: paid > 0 && sleepers > 0 -> wake_one()
  :: else
  fi
}

inline give_back() {
  if
  :: debt > 0 || (over[0] && note[0] > 0) || (over[1] && note[1] > 0) ||
     (over[2] && note[2] > 0) ->
     MAY_DIE;
     if
     :: atomic { lock == 0 || IS_OVER(lock) -> lock = me + 1 };
        MAY_DIE;
        collect(0);
        MAY_DIE;
        collect(1);
        MAY_DIE;
        collect(2);
        if
        :: debt > 0 -> pay()
        :: else
        fi;
        MAY_DIE;
        lock = 0
     :: lock != 0 && !IS_OVER(lock) /* it is tried for a while */
     fi
  :: else
  fi
}

proctype thread(byte me) {
  byte seen = 0;
  byte units = 0;
  byte versions = 0;
  byte again = 0;
  byte versions_again = 0;
  byte paid = 0;
try:
  MAY_DIE;
  if
  :: value == 0 -> goto wait
  :: else
  fi;
#ifndef NOTE_AFTER_TAKING
  MAY_DIE;
  note_one();
#endif
  MAY_DIE;
  atomic {
    if
    :: value > 0 -> value--; has[me] = true; goto taken
    :: else
    fi
  };
#ifndef NOTE_AFTER_TAKING
  MAY_DIE;
  forget_one();
#endif
wait:
#ifndef WITHOUT_GIVING_BACK
  give_back();
  MAY_DIE;
  if
  :: value > 0 -> goto try
  :: else
  fi;
#endif
  MAY_DIE;
  sleepers++;
  SLEEP_WHILE(value == 0);
  MAY_DIE;
  sleepers--;
  goto try;
taken:
#ifdef NOTE_AFTER_TAKING
  MAY_DIE;
  note_one();
#endif
  assert(has[0] + has[1] + has[2] <= UNITS);
  MAY_DIE;
  d_step { value++; has[me] = false };
  MAY_DIE;
  forget_one();
  MAY_DIE;
  if
  :: sleepers > 0 -> wake_one()
  :: else
  fi;
dead:
  skip
}

init {
  atomic {
    BEGIN;
    run thread(0);
    run thread(1);
    run thread(2)
  }
}
