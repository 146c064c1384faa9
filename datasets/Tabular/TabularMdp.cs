using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace OfflineRL.Datasets;

/// <summary>The transitions of one state and action: outcomes with their probabilities, which sum to 1.</summary>
/// <remarks>Ordered by next state; the same next state stands twice only where reward or ending differ.</remarks>
public readonly ref struct MdpRow
{
    /// <summary>[N].</summary>
    public required ReadOnlySpan<int> NextStates { get; init; }

    /// <summary>[N], each positive.</summary>
    public required ReadOnlySpan<double> Probabilities { get; init; }

    /// <summary>[N]: expected reward of the transition.</summary>
    public required ReadOnlySpan<double> Rewards { get; init; }

    /// <summary>[N], true where the transition ends the episode: nothing can be earned after it.</summary>
    public required ReadOnlySpan<bool> Ends { get; init; }

    /// <summary>N; 0: the action is not allowed, or the state is terminal.</summary>
    public int Count => NextStates.Length;
}

/// <summary>
/// A Markov decision process whose tables are known: states 0 .. S - 1, actions 0 .. A - 1, sparse transitions, start
/// distribution, discount. Immutable; <see cref="TabularMdpBuilder"/> makes one and checks it.
/// </summary>
/// <remarks>
/// Ending an episode is a property of a transition: the reward of that transition counts, the value of the state that it
/// leads to does not. A state without transitions is terminal, and only transitions that end the episode lead to it.
/// Rewards are expectations given state, action and next state.
/// </remarks>
public sealed class TabularMdp
{
    readonly int[] _offsets;
    readonly int[] _nextStates;
    readonly double[] _probabilities;
    readonly double[] _rewards;
    readonly bool[] _ends;
    readonly double[] _start;
    readonly bool[]? _mask;
    readonly Lazy<string> _contentHash;

    internal TabularMdp(MdpTables tables)
    {
        (StateCount, ActionCount, Discount, Source) = (tables.States, tables.Actions, tables.Discount, tables.Source);
        (_offsets, _nextStates, _probabilities, _rewards, _ends) = (tables.Offsets, tables.NextStates, tables.Probabilities, tables.Rewards, tables.Ends);
        (_start, _mask, StateNames, ActionNames, Notes) = (tables.Start, tables.Mask, tables.StateNames, tables.ActionNames, tables.Notes);
        _contentHash = new Lazy<string>(Hash);
    }

    /// <summary>S.</summary>
    public int StateCount { get; }

    /// <summary>A.</summary>
    public int ActionCount { get; }

    /// <summary>0 to 1.</summary>
    public double Discount { get; }

    /// <summary>Where the tables come from, for messages.</summary>
    public string Source { get; }

    /// <summary>[S], or null where states have no names.</summary>
    public IReadOnlyList<string>? StateNames { get; }

    /// <summary>[A], or null where actions have no names.</summary>
    public IReadOnlyList<string>? ActionNames { get; }

    /// <summary>What was mended while it was made, such as rows that were renormalized; for logs.</summary>
    public IReadOnlyList<string> Notes { get; }

    /// <summary>Transitions in all rows.</summary>
    public int TransitionCount => _nextStates.Length;

    /// <summary>[S], sums to 1; 0 for terminal states.</summary>
    public ReadOnlySpan<double> Start => _start;

    /// <summary>[S * A + 1]: row (s, a) holds the transitions from Offsets[s * A + a] to Offsets[s * A + a + 1].</summary>
    public ReadOnlySpan<int> Offsets => _offsets;

    /// <summary>[N], all rows one after the other.</summary>
    public ReadOnlySpan<int> NextStates => _nextStates;

    /// <summary>[N].</summary>
    public ReadOnlySpan<double> Probabilities => _probabilities;

    /// <summary>[N].</summary>
    public ReadOnlySpan<double> Rewards => _rewards;

    /// <summary>[N].</summary>
    public ReadOnlySpan<bool> Ends => _ends;

    /// <summary>Whether some actions are not allowed in some states.</summary>
    public bool HasMask => _mask is not null;

    /// <summary>[S * A], true where allowed; empty: all are. A terminal state's actions are all allowed, to no effect.</summary>
    public ReadOnlySpan<bool> Mask => _mask;

    /// <summary>SHA-256 of sizes, transitions, start distribution and mask, in lower-case hexadecimal; not of discount and names.</summary>
    public string ContentHash => _contentHash.Value;

    /// <summary>The outcomes of an action.</summary>
    public MdpRow Row(int state, int action)
    {
        var at = Index(state, action);
        var (first, count) = (_offsets[at], _offsets[at + 1] - _offsets[at]);
        return new MdpRow
        {
            NextStates = _nextStates.AsSpan(first, count),
            Probabilities = _probabilities.AsSpan(first, count),
            Rewards = _rewards.AsSpan(first, count),
            Ends = _ends.AsSpan(first, count),
        };
    }

    /// <summary>Whether the state has no transitions: an episode has ended when it is reached.</summary>
    public bool IsTerminal(int state) => _offsets[Index(state, 0)] == _offsets[Index(state, ActionCount - 1) + 1];

    /// <summary>Whether the mask allows an action.</summary>
    public bool IsAllowed(int state, int action) => _mask is null ? Index(state, action) >= 0 : _mask[Index(state, action)];

    /// <summary>r(s, a): sum over outcomes of probability times reward.</summary>
    public double ExpectedReward(int state, int action)
    {
        var row = Row(state, action);
        var sum = 0.0;
        for (var i = 0; i < row.Count; i++)
            sum += row.Probabilities[i] * row.Rewards[i];
        return sum;
    }

    /// <summary>The same tables under another discount.</summary>
    /// <exception cref="UserErrorException">Outside 0 to 1.</exception>
    public TabularMdp WithDiscount(double discount) => discount is >= 0 and <= 1
        ? discount.Equals(Discount) ? this : new TabularMdp(Tables() with { Discount = discount })
        : throw Throw.MdpDiscount(Source, discount);

    /// <summary>The same tables with every action allowed.</summary>
    /// <exception cref="UserErrorException">An action that the mask forbids has no transitions.</exception>
    public TabularMdp WithoutMask()
    {
        if (_mask is null)
            return this;
        for (var at = 0; at < _mask.Length; at++)
        {
            if (!_mask[at] && _offsets[at] == _offsets[at + 1])
                throw Throw.MdpNoRow(this, at / ActionCount, at % ActionCount);
        }

        return new TabularMdp(Tables() with { Mask = null });
    }

    /// <summary>How messages name a state.</summary>
    public string StateText(int state) => StateNames is null ? $"state {state}" : $"state {state} ('{StateNames[state]}')";

    /// <summary>How messages name an action.</summary>
    public string ActionText(int action) => ActionNames is null ? $"action {action}" : $"action {action} ('{ActionNames[action]}')";

    public override string ToString() => $"{Source}: {StateCount} states, {ActionCount} actions, {TransitionCount} transitions";

    internal MdpTables Tables() => new(
        StateCount, ActionCount, Discount, Source, _offsets, _nextStates, _probabilities, _rewards, _ends, _start, _mask, StateNames, ActionNames, Notes);

    int Index(int state, int action)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)state, (uint)StateCount, nameof(state));
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)action, (uint)ActionCount, nameof(action));
        return (state * ActionCount) + action;
    }

    string Hash()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(MemoryMarshal.AsBytes([StateCount, ActionCount, TransitionCount, _mask is null ? 0 : 1]));
        hash.AppendData(MemoryMarshal.AsBytes(_offsets.AsSpan()));
        hash.AppendData(MemoryMarshal.AsBytes(_nextStates.AsSpan()));
        hash.AppendData(MemoryMarshal.AsBytes(_probabilities.AsSpan()));
        hash.AppendData(MemoryMarshal.AsBytes(_rewards.AsSpan()));
        hash.AppendData(MemoryMarshal.AsBytes(_ends.AsSpan()));
        hash.AppendData(MemoryMarshal.AsBytes(_start.AsSpan()));
        hash.AppendData(MemoryMarshal.AsBytes(_mask.AsSpan()));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}

/// <summary>The parts of a <see cref="TabularMdp"/>, checked.</summary>
sealed record MdpTables(
    int States,
    int Actions,
    double Discount,
    string Source,
    int[] Offsets,
    int[] NextStates,
    double[] Probabilities,
    double[] Rewards,
    bool[] Ends,
    double[] Start,
    bool[]? Mask,
    IReadOnlyList<string>? StateNames,
    IReadOnlyList<string>? ActionNames,
    IReadOnlyList<string> Notes);
