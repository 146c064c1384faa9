using OfflineRL.Datasets;

namespace OfflineRL.Train;

/// <summary>A seed that learns from data which grows between its steps.</summary>
interface IGrowingSeed : IDisposable
{
    /// <summary>Steps done.</summary>
    int Step { get; }

    /// <summary>Goes on from the newest checkpoint, if there is one.</summary>
    void Begin();

    /// <summary>Takes in what was appended to the data.</summary>
    void Extend();

    /// <summary>Learns. Gradient methods step until so many steps are done; methods that take each transition once take those that are new.</summary>
    /// <exception cref="CheckFailedException">It diverged.</exception>
    void Advance(int to);

    /// <summary>Whether it learns from episodes that are not over yet, by <see cref="See"/>.</summary>
    bool LearnsOnline => false;

    /// <summary>Learns from the steps so far of the episode under way; it comes again with its later steps, and whole by <see cref="Extend"/>.</summary>
    void See(in EpisodeColumns underWay)
    {
    }

    /// <summary>What the learner would do now: a copy, the caller's.</summary>
    LearnedPolicy Acting();

    /// <summary>Stores policy and checkpoint. The data was committed just before, so that both name what they are of.</summary>
    void Save(RunState state);

    /// <summary>Says in the status that it was interrupted.</summary>
    void Interrupt();

    /// <summary>Says in the status why it ended.</summary>
    void Fail(string error);
}
