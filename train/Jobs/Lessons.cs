using OfflineRL.Datasets;
using OfflineRL.Train.Algorithms;
using OfflineRL.Train.Sampling;
using static TorchSharp.torch;

namespace OfflineRL.Train;

/// <summary>A replay with the learner whose batches it draws: transitions or whole episodes.</summary>
abstract class Lessons : IDisposable
{
    /// <summary>What the learner asks for; making one checks that the dataset fits it.</summary>
    /// <exception cref="UserErrorException">It does not.</exception>
    public static Lessons Of(TrainingData data, ReplaySettings settings, RandomStream random, Device device) =>
        settings.Needs.WholeEpisodes
            ? new EpisodeLessons(new EpisodeReplay(data, settings, random, device))
            : new TransitionLessons(new TransitionReplay(data, settings, random, device));

    public abstract IReplay Replay { get; }

    /// <summary>Draws the next batch and learns from it.</summary>
    public abstract void Step(ILearner learner, bool measure);

    /// <summary>Draws the next batch.</summary>
    /// <returns>The learner's error on it, a scalar on the device.</returns>
    public abstract Tensor HeldOutError(ILearner learner);

    public void Dispose() => Replay.Dispose();

    sealed class TransitionLessons(TransitionReplay replay) : Lessons
    {
        public override IReplay Replay => replay;

        public override void Step(ILearner learner, bool measure) => ((ITransitionLearner)learner).Step(replay.Next(), measure);

        public override Tensor HeldOutError(ILearner learner) => ((ITransitionLearner)learner).HeldOutError(replay.Next());
    }

    sealed class EpisodeLessons(EpisodeReplay replay) : Lessons
    {
        public override IReplay Replay => replay;

        public override void Step(ILearner learner, bool measure) => ((IEpisodeLearner)learner).Step(replay.Next(), measure);

        public override Tensor HeldOutError(ILearner learner) => ((IEpisodeLearner)learner).HeldOutError(replay.Next());
    }
}
