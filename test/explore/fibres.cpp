#include "explore/fibres.hpp"

#include <utility>

namespace elile::explore {

// makecontext() passes int only, so a pointer goes in halves.
void Fibres::Enter(unsigned low, unsigned high) {
    auto* self = reinterpret_cast<Fibres*>(std::uintptr_t{high} << 32 | low);
    const std::size_t fibre = self->running_;
    self->bodies_[fibre]();
    self->ended_[fibre] = true;
    self->Yield();
}

void Fibres::Begin(std::vector<std::function<void()>> bodies) {
    bodies_ = std::move(bodies);
    ended_.assign(bodies_.size(), false);
    contexts_.resize(bodies_.size());
    while (stacks_.size() < bodies_.size()) {
        stacks_.push_back(std::make_unique<char[]>(kStackBytes));
    }
    const auto self = reinterpret_cast<std::uintptr_t>(this);
    for (std::size_t fibre = 0; fibre < bodies_.size(); ++fibre) {
        ucontext_t& context = contexts_[fibre];
        getcontext(&context);
        context.uc_stack.ss_sp = stacks_[fibre].get();
        context.uc_stack.ss_size = kStackBytes;
        context.uc_link = nullptr;
        makecontext(&context, reinterpret_cast<void (*)()>(Enter), 2, static_cast<unsigned>(self),
                    static_cast<unsigned>(self >> 32));
    }
}

void Fibres::Resume(std::size_t fibre) {
    running_ = fibre;
    swapcontext(&back_, &contexts_[fibre]);
}

void Fibres::Yield() { swapcontext(&contexts_[running_], &back_); }

}  // namespace elile::explore
