namespace OfflineRL.Environments;

/// <summary>When an episode counts as a success: all that is said here holds of it.</summary>
/// <param name="Description">In words, such as <c>the flag is reached</c>.</param>
public sealed record SuccessCriterion(string Description)
{
    /// <summary>The environment itself ended it, before any limit.</summary>
    public bool Terminates { get; init; }

    /// <summary>It took at least so many steps.</summary>
    public int LeastSteps { get; init; }

    /// <summary>The sum of its rewards is above this; null: it may be any.</summary>
    public double? ReturnAbove { get; init; }

    /// <summary>Whether it speaks of nothing that repeated actions, limited rewards or another step limit change.</summary>
    internal bool IsOfTheEndAlone => Terminates && LeastSteps == 0 && ReturnAbove is null;

    /// <summary>Whether an episode is one.</summary>
    /// <param name="episodeReturn">Sum of its rewards, undiscounted.</param>
    /// <param name="steps">Its length.</param>
    /// <param name="terminated">Whether the environment ended it.</param>
    public bool Holds(double episodeReturn, int steps, bool terminated) =>
        (terminated || !Terminates) && steps >= LeastSteps && (ReturnAbove is not { } bound || episodeReturn > bound);
}
