// Processes as fibres: each has a stack of its own and runs until it gives way.
#pragma once

#include <ucontext.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace elile::explore {

class Fibres {
public:
    // Begins anew with these; none of them has run yet.
    void Begin(std::vector<std::function<void()>> bodies);
    // Lets a fibre run until it calls Yield() or ends.
    void Resume(std::size_t fibre);
    // A fibre calls it: Resume() returns.
    void Yield();

    std::size_t Count() const { return bodies_.size(); }
    bool HasEnded(std::size_t fibre) const { return ended_[fibre]; }
    // The fibre is never resumed; what it held stays as it is.
    void Kill(std::size_t fibre) { ended_[fibre] = true; }

private:
    static constexpr std::size_t kStackBytes = 512 * 1024;
    static void Enter(unsigned low, unsigned high);

    std::vector<std::function<void()>> bodies_;
    std::vector<std::unique_ptr<char[]>> stacks_;
    std::vector<ucontext_t> contexts_;
    std::vector<bool> ended_;
    ucontext_t back_;
    std::size_t running_ = 0;
};

}  // namespace elile::explore
