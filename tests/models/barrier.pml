/* SPDX-License-Identifier: BSD-3-Clause
 *
 * detail/meeting: all who come to one phase agree on how it ended, and nobody waits for the dead.
 *
 * holds:
 * fails: WITHOUT_MEMBERS
 * fails: WITHOUT_FINISHING
 * fails: MEMBER_AFTER_COUNT
 * fails: WITHOUT_SLICE WITHOUT_BROADCAST
 *
 * Threads 0 and 1 meet twice; a third one aborts, at some time. A party that is killed before it
 * has come is one that nobody knows of, so they are killed later only.
 */
#define N 3
#define DEATHS 2
#include "world.inc"

#define PHASES 4

/* The stage, one word. */
byte phase = 0;
bool broken = false;
byte count = 0;

byte breaks = 0;
byte broken_phase[PHASES]; /* phase + 1 */
bool member[N];
byte lock = 0; /* 0: free, else the thread's number + 1 */
byte sleepers = 0;
byte word = 0;

bool has_come[N];
bool passed[PHASES]; /* somebody says so of that phase */
bool was_broken[PHASES];

#define IS_OVER(w) (w != 0 && over[w - 1])
#ifdef WITHOUT_MEMBERS
#define A_MEMBER_DIED false
#else
#define A_MEMBER_DIED \
  ((member[0] && over[0]) || (member[1] && over[1]) || (member[2] && over[2]))
#endif

#undef MAY_DIE
#define MAY_DIE                                                                  \
  if                                                                             \
  :: d_step {                                                                    \
       deaths > 0 && (me == 2 || has_come[me]) -> deaths--; killed[me] = true    \
     };                                                                          \
     goto dead                                                                   \
  :: true                                                                        \
  fi

inline set_stage(p, b, c) {
  d_step { phase = p; broken = b; count = c }
}

inline take_lock() {
  atomic {
    lock == 0 || IS_OVER(lock) ->
    from_dead = lock != 0;
    lock = me + 1
  };
#ifndef WITHOUT_FINISHING
  if
  :: from_dead && breaks > 0 && broken_phase[breaks - 1] == phase + 1 ->
     MAY_DIE;
     set_stage(phase + 1, true, 0)
  :: else
  fi;
#endif
  from_dead = false
}

inline break_now() {
  MAY_DIE;
  broken_phase[breaks] = phase + 1;
  MAY_DIE;
  breaks++;
  MAY_DIE;
  set_stage(phase + 1, true, 0)
}

inline tell() {
  if
  :: sleepers > 0 ->
     MAY_DIE;
     word++;
     MAY_DIE;
     wake_all()
  :: else
  fi
}

inline free_lock() {
  MAY_DIE;
  lock = 0;
  tell()
}

/* How the phase `mine` has ended, since `known` breaks. */
inline say() {
  d_step {
    went_well = true;
    i = known;
    do
    :: i < breaks ->
       if
       :: broken_phase[i] == mine + 1 -> went_well = false
       :: else
       fi;
       i++
    :: else -> i = 0; break
    od;
    if
    :: went_well -> passed[mine] = true
    :: else -> was_broken[mine] = true
    fi;
    assert(!(passed[mine] && was_broken[mine]))
  }
}

proctype party(byte me) {
  byte round = 0;
  byte mine = 0;
  byte known = 0;
  byte seen = 0;
  byte i = 0;
  byte w = 0;
  bool from_dead = false;
  bool went_well = false;
next:
  if
  :: round == 2 -> goto dead
  :: else
  fi;
  take_lock();
  MAY_DIE;
  if
  :: A_MEMBER_DIED && !broken -> break_now()
  :: else
  fi;
  if
  :: broken -> free_lock(); goto dead
  :: else
  fi;
#ifndef MEMBER_AFTER_COUNT
  d_step { member[me] = true; has_come[me] = true };
  MAY_DIE;
#endif
  d_step { mine = phase; known = breaks };
  if
  :: count == 1 -> set_stage(phase + 1, false, 0)
  :: else -> count++
  fi;
#ifdef MEMBER_AFTER_COUNT
  has_come[me] = true;
  MAY_DIE;
  member[me] = true;
#endif
  free_lock();
wait:
  MAY_DIE;
  sleepers++;
  MAY_DIE;
  seen = word;
  if
  :: phase != mine -> goto over_now
  :: phase == mine && A_MEMBER_DIED -> goto break_it
  :: else
  fi;
  SLEEP_WHILE(word == seen);
  MAY_DIE;
  sleepers--;
  goto wait;
break_it:
  MAY_DIE;
  sleepers--;
  take_lock();
  if
  :: phase == mine -> break_now()
  :: else
  fi;
  free_lock();
  goto said;
over_now:
  MAY_DIE;
  sleepers--;
said:
  MAY_DIE;
  say();
  round++;
  if
  :: went_well -> goto next
  :: else
  fi;
dead:
  skip
}

proctype aborter(byte me) {
  byte w = 0;
  bool from_dead = false;
  MAY_DIE;
  take_lock();
  if
  :: !broken -> break_now()
  :: else
  fi;
  free_lock();
dead:
  skip
}

init {
  atomic {
    BEGIN;
    run party(0);
    run party(1);
    run aborter(2)
  }
}
