namespace OfflineRL.Train.Tabular;

/// <summary>One step of an episode, as the incremental methods take it; the steps of an episode come in order.</summary>
public readonly record struct TabularTransition
{
    /// <summary>s_tm1, 0 to S - 1.</summary>
    public required int State { get; init; }

    /// <summary>a_tm1, 0 to A - 1.</summary>
    public required int Action { get; init; }

    /// <summary>r_t.</summary>
    public required double Reward { get; init; }

    /// <summary>s_t; -1 where it is not known.</summary>
    public required int NextState { get; init; }

    /// <summary>a_t, chosen in s_t before this step is learned from; -1 where none was: the episode ended.</summary>
    public int NextAction { get; init; } = -1;

    /// <summary>Whether the episode ended by itself: nothing is earned after it.</summary>
    public bool Terminated { get; init; }

    /// <summary>Whether it is the last step that is known of its episode: terminated, cut by a limit, or cut in the log.</summary>
    public bool EndsEpisode { get; init; }

    public TabularTransition()
    {
    }
}
