// What several questions of one job share, and where the answers between them are kept.
//
// Threads: any.
#pragma once

#include "stages/spec.h"

namespace sluice::dsl {

// Completes `job`, whose questions are as the file has them: the first has the read, the last the
// sink. With one question nothing changes but its checkpoint's folder. With several
//   - each has a folder of its own in the job's, with a checkpoint and, but for the last, with its
//     answers, which begin with all of the row's fields and are what the next one reads;
//   - rejects of the earlier ones go beside the last one's; those of a cascade's levels but its last
//     stay in their folders, since the next level reads them;
//   - a deadline or budget holds for all that is done until its question has ended.
void join_questions(stages::JobSpec& job);

}  // namespace sluice::dsl
