// How this process takes memory from the system.
#pragma once

namespace wirelab {

/// To be called once, first. A run fills hundreds of megabytes in pieces of 150 KB: taken one by one they cost a system call and
/// page tables each, so they come from one growing stretch; and what a run gives back is kept for the next one. Changes nothing
/// where the C library is not glibc.
void take_memory_in_large_steps();

}  // namespace wirelab
