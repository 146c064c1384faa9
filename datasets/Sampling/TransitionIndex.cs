using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace OfflineRL.Datasets;

/// <summary>What a transition is, for the learner that asks.</summary>
public sealed record TransitionOptions
{
    /// <summary>n: rewards added up before the bootstrap, at least 1.</summary>
    public int Steps { get; init; } = 1;

    /// <summary>gamma, in [0, 1].</summary>
    public double Discount { get; init; } = 0.99;

    /// <summary>Whether the next observation is needed; transitions that lack it are then shortened or left out.</summary>
    public bool Bootstraps { get; init; } = true;

    /// <summary>Whether the action taken at the next observation is needed too; a final observation, where nobody acted, then does not do.</summary>
    public bool NextActions { get; init; }

    /// <summary>Whether steps that cannot be learned from are kept all the same, as <see cref="TransitionRecord.Unusable"/>: sequences have no gaps.</summary>
    public bool KeepsAll { get; init; }

    /// <summary>What rewards become before they are added up.</summary>
    public RewardTransform Rewards { get; init; } = RewardTransform.Identity;
}

/// <summary>One transition, made when the index is built, so that a draw reads 16 bytes instead of five columns.</summary>
/// <param name="Row">t: the row of observation and action.</param>
/// <param name="Next">
/// The row of the next observation; below 0: <c>-1 - episode</c>, its final observation; <see cref="NoNext"/>: unknown, and the discount is 0;
/// <see cref="Unusable"/>: unknown, where it would count.
/// </param>
/// <param name="Reward">r_t + gamma r_(t+1) + ... over k steps, k at most n.</param>
/// <param name="Discount">gamma^k where the value of the next observation counts, 0 after a terminal step.</param>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct TransitionRecord(int Row, int Next, float Reward, float Discount)
{
    public const int NoNext = int.MinValue;

    /// <summary>Nothing that bootstraps can be learned from such a step.</summary>
    public const int Unusable = int.MinValue + 1;

    public bool HasNext => Next > Unusable;
}

/// <summary>The transitions of some episodes that can be learned from, with n-step return, discount and bootstrap state.</summary>
/// <remarks>
/// From step t of an episode with last step L, n steps on:
/// <list type="bullet">
/// <item>t + n &lt;= L: n rewards, discount gamma^n, the observation of t + n;</item>
/// <item>else, where L terminated: the rewards to the end, discount 0;</item>
/// <item>else, where the final observation is known: the k = L - t + 1 rewards to the end, discount gamma^k, the final observation. A time limit is no termination;</item>
/// <item>else: shortened to the last observation that is known, so the k = L - t rewards before it, discount gamma^k; L itself, for which k is 0, is left out.</item>
/// </list>
/// In a dataset with action masks a final observation has none, and where next actions are asked for nobody acted on it: both
/// count as unknown. A learner that does not bootstrap gets every step; so do sequences, where such an L is marked.
/// </remarks>
public sealed unsafe class TransitionIndex
{
    // Pinned, so that readers may hold a pointer.
    TransitionRecord[] _records = [];
    TransitionRecord* _first;
    int[] _episodeFirstItem = [0];
    double[] _powers = [1];
    int _episodes;
    readonly TransitionOptions _options;

    /// <param name="selection">The episodes.</param>
    /// <param name="options">What a transition is.</param>
    /// <exception cref="UserErrorException">There is no transition to learn from, or more than 2^31.</exception>
    public TransitionIndex(EpisodeSelection selection, TransitionOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Steps, 1);
        var columns = selection.Columns;
        if (columns.Steps > Array.MaxLength)
            throw Throw.TooManySteps(columns.Info);
        (Columns, Selection, _options) = (columns, selection, options);
        AddEpisodes(growing: false);
        if (Count == 0)
            throw Throw.NoTransition(columns.Info, selection);
    }

    public TrainingColumns Columns { get; }

    public EpisodeSelection Selection { get; }

    /// <summary>How many transitions there are; an item is a number from 0 to it.</summary>
    public int Count { get; private set; }

    /// <summary>All of them, by episode and step.</summary>
    public ReadOnlySpan<TransitionRecord> Records => _records.AsSpan(0, Count);

    /// <summary>[E' + 1], the first item of each episode of the selection, and <see cref="Count"/> at the end.</summary>
    public ReadOnlySpan<int> EpisodeFirstItem => _episodeFirstItem.AsSpan(0, _episodes + 1);

    /// <summary>The first record; it moves at <see cref="Extend"/> alone.</summary>
    internal TransitionRecord* Pointer => _first;

    /// <summary>Takes in the episodes that were appended to the columns since; items that were there keep their numbers. Nobody reads meanwhile.</summary>
    public void Extend()
    {
        Selection.Extend();
        AddEpisodes(growing: true);
    }

    void AddEpisodes(bool growing)
    {
        var episodes = Selection.Episodes;
        if (_episodeFirstItem.Length < episodes.Length + 1)
            Array.Resize(ref _episodeFirstItem, (growing ? 2 * episodes.Length : episodes.Length) + 1);
        var longest = 0;
        for (var i = _episodes; i < episodes.Length; i++)
        {
            var (count, _) = CountOf(episodes[i]);
            _episodeFirstItem[i + 1] = _episodeFirstItem[i] + count;
            longest = Math.Max(longest, count);
        }

        Count = _episodeFirstItem[episodes.Length];
        MakePowers(Math.Min(_options.Steps, longest));
        Reserve(growing);
        for (var i = _episodes; i < episodes.Length; i++)
        {
            RequireActions(episodes[i]);
            Fill(episodes[i], _records.AsSpan(_episodeFirstItem[i].._episodeFirstItem[i + 1]));
        }

        _episodes = episodes.Length;
    }

    void MakePowers(int most)
    {
        var from = _powers.Length;
        if (most < from)
            return;
        Array.Resize(ref _powers, most + 1);
        for (var k = from; k <= most; k++)
            _powers[k] = _powers[k - 1] * _options.Discount;
    }

    void Reserve(bool growing)
    {
        if (_records.Length >= Count)
            return;
        var records = GC.AllocateUninitializedArray<TransitionRecord>((int)Math.Min(growing ? 2L * Count : Count, Array.MaxLength), pinned: true);
        _records.CopyTo(records, 0);
        _records = records;
        _first = (TransitionRecord*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(records));
    }

    // Learners index by actions, some of them without a look.
    void RequireActions(int episode)
    {
        if (Columns.DiscreteActions is not { } actions)
            return;
        var rows = Columns.EpisodeFirstRow.Slice(episode, 2);
        var taken = actions.Slice(rows[0], (int)(rows[1] - rows[0]));
        if (taken.IndexOfAnyExceptInRange(0, ((DiscreteSpace)Columns.Info.ActionSpace).Count - 1) is >= 0 and var step)
            throw Throw.NotInSpace(Columns, episode, step, taken[step]);
    }

    // How many steps of an episode are transitions, and how it ends for them.
    (int Count, Ending Ending) CountOf(int episode)
    {
        var rows = Columns.EpisodeFirstRow.Slice(episode, 2);
        var steps = (int)(rows[1] - rows[0]);
        if (!_options.Bootstraps)
            return (steps, Ending.Ignored);
        if (Columns.Terminated[rows[1] - 1][0] != 0)
            return (steps, Ending.Terminated);
        var known = Columns.FinalObservationKnown[episode][0] != 0 && Columns.ActionMasks is null && !_options.NextActions;
        return known ? (steps, Ending.Known) : (_options.KeepsAll ? steps : steps - 1, Ending.Unknown);
    }

    void Fill(int episode, Span<TransitionRecord> records)
    {
        var (count, ending) = CountOf(episode);
        if (count == 0)
            return;
        var rows = Columns.EpisodeFirstRow.Slice(episode, 2);
        var (first, steps) = ((int)rows[0], (int)(rows[1] - rows[0]));
        var rewards = Columns.Rewards.Slice(first, steps);
        var toFinal = Columns.FinalObservationKnown[episode][0] != 0 ? -1 - episode : TransitionRecord.NoNext;
        var transform = _options.Rewards;
        if (!_options.Bootstraps)
        {
            for (var t = 0; t < count; t++)
                records[t] = new(first + t, TransitionRecord.NoNext, (float)transform.Apply(rewards[t]), 0);
            return;
        }

        // Where the final observation does not do, the last one that is known stands in for it: the step after it is no reward's.
        var end = ending == Ending.Unknown ? steps - 1 : steps;
        if (count > end)
            records[end] = new(first + end, TransitionRecord.Unusable, (float)transform.Apply(rewards[end]), 0);
        var tail = 0.0;
        for (var t = Math.Min(count, end) - 1; t >= 0; t--)
        {
            var k = Math.Min(_options.Steps, end - t);
            if (t + k < end)
            {
                records[t] = new(first + t, first + t + k, (float)Sum(rewards.Slice(t, k)), DiscountAfter(k, terminated: false));
                continue;
            }

            // Windows that reach the end: each is the reward and the discounted window after it.
            tail = transform.Apply(rewards[t]) + (_options.Discount * tail);
            var next = ending == Ending.Unknown ? first + end : toFinal;
            records[t] = new(first + t, next, (float)tail, DiscountAfter(k, ending == Ending.Terminated));
        }
    }

    // The one place where termination becomes a discount. A time limit is no termination: the future after it still counts.
    float DiscountAfter(int k, bool terminated) => terminated ? 0 : (float)_powers[k];

    double Sum(ReadOnlySpan<double> rewards)
    {
        var sum = 0.0;
        for (var i = 0; i < rewards.Length; i++)
            sum += _powers[i] * _options.Rewards.Apply(rewards[i]);
        return sum;
    }

    enum Ending
    {
        Terminated,
        Known,
        Unknown,
        Ignored,
    }
}
