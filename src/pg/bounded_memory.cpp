#include "pg/bounded_memory.hpp"

#include <csetjmp>

#include "pg/compat.hpp"

namespace elile::pg {
namespace {

// The server's own check and the frames of one level need this much stack.
constexpr long kStackReserve = 128 * 1024;  // bytes

struct BoundedMemory {
    MemoryContextData context;  // first, since the server hands it back as a context
    NextBlock next_block;
    void* source;
    char* next;
    char* end;
    const char* stack_begin;
    Outcome outcome;
    sigjmp_buf out;
};

[[noreturn]] void Leave(BoundedMemory* memory, Outcome outcome) {
    memory->outcome = outcome;
    siglongjmp(memory->out, 1);
}

bool HasStack(const BoundedMemory& memory) {
    const auto* here = static_cast<const char*>(__builtin_frame_address(0));
    return labs(memory.stack_begin - here) + kStackReserve < max_stack_depth * 1024L;
}

void* Allocate(MemoryContext context, Size size) {
    auto* memory = reinterpret_cast<BoundedMemory*>(context);
    if (!HasStack(*memory)) {
        Leave(memory, Outcome::kNoStack);
    }
    const Size bytes = MAXALIGN(size);
    if (bytes > static_cast<Size>(memory->end - memory->next)) {
        const Block block = memory->next_block(memory->source);
        if (block.begin == nullptr || bytes > block.bytes) {
            Leave(memory, Outcome::kNoMemory);
        }
        memory->next = block.begin;
        memory->end = block.begin + block.bytes;
    }
    char* allocated = memory->next;
    memory->next += bytes;
    return allocated;
}

}  // namespace

Outcome RunInBoundedMemory(NextBlock next_block, void* source, const char* stack_begin,
                           void (*body)(void*), void* argument) {
    static const MemoryContextMethods methods = AllocateOnly<Allocate>();
    BoundedMemory memory;
    memset(static_cast<void*>(&memory.context), 0, sizeof(memory.context));
    memory.context.type = T_AllocSetContext;
    memory.context.methods = &methods;
    memory.context.name = "elile_optimize copy";
    memory.next_block = next_block;
    memory.source = source;
    memory.next = nullptr;
    memory.end = nullptr;
    memory.stack_begin = stack_begin;
    memory.outcome = Outcome::kDone;
    MemoryContext caller = MemoryContextSwitchTo(&memory.context);
    if (sigsetjmp(memory.out, 0) == 0) {
        body(argument);
    }
    MemoryContextSwitchTo(caller);
    return memory.outcome;
}

}  // namespace elile::pg
