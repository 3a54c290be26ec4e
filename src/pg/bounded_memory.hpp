// Copies a tree of nodes where nothing may fail. In an error context callback, an error of ours
// would destroy the one that is being reported.
//
// While a body runs, the current memory context takes its memory from blocks of fixed size. The
// body is left by longjmp, without an error, when there is no further block or the stack comes near
// its limit. Every node is allocated before copyObject() copies those below it, so the stack is
// looked at in time.
#pragma once

#include "pg/postgres.hpp"

namespace elile::pg {

struct Block {
    char* begin;  // null: there is no further one
    Size bytes;
};

// Returns the next block. Touches memory only and raises nothing.
using NextBlock = Block (*)(void* source);

enum class Outcome { kDone, kNoMemory, kNoStack };

// `body` may allocate and must not free, reallocate, or hold anything with a destructor. What it
// has allocated stays where the blocks are. One allocation is at most a block long.
Outcome RunInBoundedMemory(NextBlock next_block, void* source, const char* stack_begin,
                           void (*body)(void*), void* argument);

// `stack_begin` is an address in the stack frame of the session's first statement.
template <typename Body>
Outcome InBoundedMemory(NextBlock next_block, void* source, const char* stack_begin, Body body) {
    return RunInBoundedMemory(
        next_block, source, stack_begin, [](void* argument) { (*static_cast<Body*>(argument))(); },
        &body);
}

}  // namespace elile::pg
