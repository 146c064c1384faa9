using System.Runtime.CompilerServices;
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
    const int Chunk = 128;

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
    public int Start(RandomStream random) => _start.Length == 1 ? _start[0].Next : Draw(_start, random);

    /// <summary>Moves every instance by one step.</summary>
    /// <param name="actions">[B], inside the action space and allowed.</param>
    /// <param name="states">[B], in and out.</param>
    /// <param name="random">[B].</param>
    /// <param name="rewards">[B], written.</param>
    /// <param name="terminated">[B], set where the episode ended.</param>
    public void Step(ReadOnlySpan<int> actions, Span<int> states, ReadOnlySpan<RandomStream> random, Span<double> rewards, Span<bool> terminated)
    {
        Span<int> places = stackalloc int[Chunk];
        Span<ulong> within = stackalloc ulong[Chunk];
        for (var first = 0; first < actions.Length; first += Chunk)
        {
            var count = Math.Min(Chunk, actions.Length - first);
            Draw(actions.Slice(first, count), states.Slice(first, count), random.Slice(first, count), places, within);
            Take(places[..count], within, states[first..], rewards[first..], terminated[first..]);
        }
    }

    // First all the places, then what stands there: large tables come from memory, and the waits overlap.
    void Draw(ReadOnlySpan<int> actions, ReadOnlySpan<int> states, ReadOnlySpan<RandomStream> random, Span<int> places, Span<ulong> within)
    {
        var (rows, width) = (_rows, _actions);
        for (var i = 0; i < actions.Length; i++)
        {
            var row = rows[(states[i] * width) + actions[i]];
            var (place, left) = (row.First, 0UL);
            if (row.Count != 1)
                place += (int)Math.BigMul(random[i].NextUInt64(), (ulong)row.Count, out left);
            (places[i], within[i]) = (place, left);
        }
    }

    // Which outcome it is becomes an offset, not a branch: it cannot be foretold, and a wrong guess would wait for the slot.
    void Take(ReadOnlySpan<int> places, ReadOnlySpan<ulong> within, Span<int> states, Span<double> rewards, Span<bool> terminated)
    {
        ReadOnlySpan<Slot> slots = _slots;
        for (var i = 0; i < places.Length; i++)
        {
            ref readonly var slot = ref slots[places[i]];
            var which = within[i] < slot.Threshold ? 0 : 1;
            rewards[i] = Unsafe.Add(ref Unsafe.AsRef(in slot.Reward), which);
            var next = Unsafe.Add(ref Unsafe.AsRef(in slot.Next), which);
            // The sign carries whether the episode ends.
            terminated[i] = next < 0;
            states[i] = next ^ (next >> 31);
        }
    }

    static int Draw(ReadOnlySpan<Slot> slots, RandomStream random)
    {
        ref readonly var slot = ref slots[(int)Math.BigMul(random.NextUInt64(), (ulong)slots.Length, out var within)];
        return within < slot.Threshold ? slot.Next : slot.AliasNext;
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

    // The alias' numbers follow their own, which Take relies on.
    [StructLayout(LayoutKind.Sequential)]
    readonly struct Slot(ulong threshold, int next, int aliasNext, double reward, double aliasReward)
    {
        public readonly ulong Threshold = threshold;
        public readonly int Next = next;
        public readonly int AliasNext = aliasNext;
        public readonly double Reward = reward;
        public readonly double AliasReward = aliasReward;
    }

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
