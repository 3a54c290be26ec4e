// What the keeper and the exporter say to each other, over a socket pair of whole messages
// (SOCK_SEQPACKET). A message is its kind, one character, then text; fields are ended by '\n'.
#pragma once

#include <cstddef>

namespace elile::core {

// What the exporter finds open when it starts.
inline constexpr int kSegmentDescriptor = 3;
inline constexpr int kLinkDescriptor = 4;

// From the keeper: port, address, "1" or "0" for whether the page shows texts of statements. At
// start and after a reload.
inline constexpr char kConfigure = 'C';

// From the keeper, before the first kConfigure and after each change: the authentication file's
// path (absolute; empty: everybody may read) and why it could not be opened, an errno or
// kNotRegular; 0 and the file's descriptor when it could. Nobody may read before the first one.
inline constexpr char kUsers = 'U';
inline constexpr int kNotRegular = -1;

// From the exporter.
inline constexpr char kAlive = 'A';    // log-ins denied and refused since it began
inline constexpr char kState = 'S';    // state in words, address where it listens or nothing
inline constexpr char kWarning = 'W';  // a line for the server log, a hint or nothing
inline constexpr char kNotice = 'N';   // likewise, of level LOG

// From what was to become the exporter: what it could not do, the error's number. A message of any
// other kind is what the dynamic linker wrote to standard error, which is the socket until then.
inline constexpr char kStartFailed = 'F';

// From the exporter before it serves: why it cannot, in words, and the error's number or 0.
inline constexpr char kCannotServe = 'X';

// What kStartFailed names where there is no program.
inline constexpr const char* kFindProgram = "find its program elile_optimize_exporter";
inline constexpr const char* kExecuteProgram = "execute its program elile_optimize_exporter";

// The exit code of all three.
inline constexpr int kNotStarted = 127;

inline constexpr std::size_t kMostConfiguration = 4096;  // bytes
inline constexpr std::size_t kMostReport = 512;          // bytes, from the exporter

inline constexpr int kAliveEveryMs = 400;
inline constexpr int kHungAfterMs = 1600;    // without a message
inline constexpr int kStartWithinMs = 2000;  // until the first one

}  // namespace elile::core
