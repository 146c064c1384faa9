using System.Runtime.InteropServices;
using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>
/// An MDP laid out for sampling: one draw of 64 bits, one multiplication and one look-up a step, however many outcomes a row has.
/// </summary>
/// <remarks>
/// Alias tables (Walker 1977, Vose 1991): slot k of n is drawn evenly, and a threshold decides between its own outcome and its alias.
/// The high word of bits times n is the slot, the low word the uniform variate within it. Actions with the same outcomes share their slots,
/// which keeps tables like ICU-Sepsis' in the cache. Rows of one outcome draw nothing.
/// </remarks>
sealed class TabularSampler
{
    // Rewards and next states of both outcomes stand in the slot: one cache line is touched a step.
    readonly Slot[] _slots;
    readonly Row[] _rows;
    readonly Slot[] _start;
    readonly int _actions;

    public TabularSampler(TabularMdp mdp)
    {
        Mdp = mdp;
        _actions = mdp.ActionCount;
        _rows = new Row[mdp.StateCount * mdp.ActionCount];
        var slots = new List<Slot>();
        var known = new Dictionary<RowKey, Row>();
        for (var pair = 0; pair < _rows.Length; pair++)
        {
            var row = mdp.Row(pair / _actions, pair % _actions);
            if (row.Count == 0)
                continue;
            ref var found = ref CollectionsMarshal.GetValueRefOrAddDefault(known, new RowKey(mdp, pair), out var exists);
            if (!exists)
            {
                found = new Row(slots.Count, row.Count);
                slots.AddRange(Alias(row.Probabilities, row.NextStates, row.Rewards, row.Ends));
            }

            _rows[pair] = found;
        }

        _slots = [.. slots];
        var starts = Enumerable.Range(0, mdp.StateCount).Where(s => mdp.Start[s] > 0).ToArray();
        var probabilities = new double[starts.Length];
        for (var i = 0; i < starts.Length; i++)
            probabilities[i] = mdp.Start[starts[i]];
        _start = Alias(probabilities, starts, new double[starts.Length], new bool[starts.Length]);
    }

    public TabularMdp Mdp { get; }

    /// <summary>Draws a start state.</summary>
    public int Start(RandomStream random) => _start.Length == 1 ? _start[0].Next : Draw(_start, random, out _) is var next && next < 0 ? ~next : next;

    /// <summary>Moves every instance by one step.</summary>
    /// <param name="actions">[B], inside the action space and allowed.</param>
    /// <param name="states">[B], in and out.</param>
    /// <param name="random">[B].</param>
    /// <param name="rewards">[B], written.</param>
    /// <param name="terminated">[B], set where the episode ended.</param>
    public void Step(ReadOnlySpan<int> actions, Span<int> states, ReadOnlySpan<RandomStream> random, Span<double> rewards, Span<bool> terminated)
    {
        ReadOnlySpan<Slot> slots = _slots;
        var (rows, width) = (_rows, _actions);
        for (var i = 0; i < actions.Length; i++)
        {
            var row = rows[(states[i] * width) + actions[i]];
            int next;
            if (row.Count == 1)
                (next, rewards[i]) = (slots[row.First].Next, slots[row.First].Reward);
            else
                next = Draw(slots.Slice(row.First, row.Count), random[i], out rewards[i]);
            // The sign carries whether the episode ends.
            terminated[i] = next < 0;
            states[i] = next ^ (next >> 31);
        }
    }

    static int Draw(ReadOnlySpan<Slot> slots, RandomStream random, out double reward)
    {
        var k = Math.BigMul(random.NextUInt64(), (ulong)slots.Length, out var within);
        ref readonly var slot = ref slots[(int)k];
        var own = within < slot.Threshold;
        reward = own ? slot.Reward : slot.AliasReward;
        return own ? slot.Next : slot.AliasNext;
    }

    static Slot[] Alias(ReadOnlySpan<double> probabilities, ReadOnlySpan<int> next, ReadOnlySpan<double> rewards, ReadOnlySpan<bool> ends)
    {
        var n = probabilities.Length;
        var sum = 0.0;
        foreach (var p in probabilities)
            sum += p;
        var (scaled, alias) = (new double[n], new int[n]);
        var (small, large) = (new Stack<int>(), new Stack<int>());
        for (var i = 0; i < n; i++)
        {
            scaled[i] = probabilities[i] / sum * n;
            alias[i] = i;
            (scaled[i] < 1 ? small : large).Push(i);
        }

        while (small.Count > 0 && large.Count > 0)
        {
            var (less, more) = (small.Pop(), large.Pop());
            alias[less] = more;
            scaled[more] -= 1 - scaled[less];
            (scaled[more] < 1 ? small : large).Push(more);
        }

        // What is left is 1 but for rounding: its own alias.
        var slots = new Slot[n];
        for (var i = 0; i < n; i++)
        {
            var other = alias[i];
            slots[i] = new Slot(
                other == i || scaled[i] >= 1 ? ulong.MaxValue : (ulong)(scaled[i] * 18446744073709551616.0),
                ends[i] ? ~next[i] : next[i],
                ends[other] ? ~next[other] : next[other],
                rewards[i],
                rewards[other]);
        }

        return slots;
    }

    readonly record struct Slot(ulong Threshold, int Next, int AliasNext, double Reward, double AliasReward);

    readonly record struct Row(int First, int Count);

    // Rows are the same where every number is.
    readonly struct RowKey(TabularMdp mdp, int pair) : IEquatable<RowKey>
    {
        readonly TabularMdp _mdp = mdp;
        readonly Range _range = mdp.Offsets[pair]..mdp.Offsets[pair + 1];

        public bool Equals(RowKey other) =>
            _mdp.NextStates[_range].SequenceEqual(other._mdp.NextStates[other._range])
            && _mdp.Probabilities[_range].SequenceEqual(other._mdp.Probabilities[other._range])
            && _mdp.Rewards[_range].SequenceEqual(other._mdp.Rewards[other._range])
            && _mdp.Ends[_range].SequenceEqual(other._mdp.Ends[other._range]);

        public override bool Equals(object? obj) => obj is RowKey other && Equals(other);

        public override int GetHashCode()
        {
            var hash = new HashCode();
            hash.AddBytes(MemoryMarshal.AsBytes(_mdp.NextStates[_range]));
            hash.AddBytes(MemoryMarshal.AsBytes(_mdp.Probabilities[_range]));
            return hash.ToHashCode();
        }
    }
}
