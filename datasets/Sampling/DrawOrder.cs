namespace OfflineRL.Datasets;

/// <summary>In which order the items of an index are drawn: a rule that turns uniform numbers into items, and, where it learns from errors, a memory.</summary>
public abstract class DrawOrder
{
    /// <summary>How many items there are.</summary>
    public abstract int Count { get; }

    /// <summary>Whether <see cref="Update"/> changes what is drawn next.</summary>
    public virtual bool Learns => false;

    /// <summary>Fills a part of a batch.</summary>
    /// <param name="random">Draws by number.</param>
    /// <param name="first">Number of the first draw; one an item.</param>
    /// <param name="items">[n], filled with items.</param>
    public abstract void Draw(CounterStream random, ulong first, Span<int> items);

    /// <summary>There are more items now; those that were there keep their numbers.</summary>
    /// <exception cref="NotSupportedException">The rule is of the items as a whole.</exception>
    public virtual void Grow(int count) => throw new NotSupportedException($"{GetType().Name} cannot take new items.");

    /// <summary>Whether <see cref="Weigh"/> gives weights that are not to be divided by the batch's largest.</summary>
    public virtual bool WeighsOverAll => false;

    /// <summary>How much each drawn item counts in the loss, before weights are divided by the batch's largest: 1 but for <see cref="PrioritizedOrder"/>.</summary>
    /// <param name="items">[n].</param>
    /// <param name="batch">Number of the batch, by which exponents are annealed.</param>
    /// <param name="weights">[n], filled.</param>
    public virtual void Weigh(ReadOnlySpan<int> items, long batch, Span<float> weights) => weights.Fill(1);

    /// <summary>Tells the errors that drawn items had; where an item appears twice the last one counts.</summary>
    /// <param name="items">[n].</param>
    /// <param name="errors">[n], of any sign.</param>
    public virtual void Update(ReadOnlySpan<int> items, ReadOnlySpan<float> errors)
    {
    }
}

/// <summary>Every item as often as any other, with replacement.</summary>
public sealed class UniformOrder(int count) : DrawOrder
{
    int _count = count;

    public override int Count => _count;

    public override void Grow(int count) => _count = count;

    public override void Draw(CounterStream random, ulong first, Span<int> items)
    {
        for (var i = 0; i < items.Length; i++)
            items[i] = random.Below(first + (ulong)i, _count);
    }
}

/// <summary>Items in groups, such as the steps of episodes: each item as often as its group's weight says, all items of a group alike.</summary>
/// <remarks>Groups by an alias table (Walker 1977; Vose 1991): one draw, two reads, whatever the number of groups.</remarks>
public sealed class GroupedOrder : DrawOrder
{
    readonly int[] _firstItem;
    readonly double[] _keep;
    readonly int[] _alias;

    /// <param name="firstItem">[G + 1], ascending: where each group begins, and the number of items at the end.</param>
    /// <param name="weights">[G], of one item of the group; not negative, finite, not all 0.</param>
    public GroupedOrder(ReadOnlySpan<int> firstItem, ReadOnlySpan<double> weights)
    {
        _firstItem = firstItem.ToArray();
        Count = _firstItem[^1];
        var groups = weights.Length;
        (_keep, _alias) = (new double[groups], new int[groups]);
        var total = 0.0;
        for (var g = 0; g < groups; g++)
            total += _keep[g] = weights[g] * (_firstItem[g + 1] - _firstItem[g]);
        if (groups != _firstItem.Length - 1 || !(total > 0) || !double.IsFinite(total))
            throw new ArgumentException($"{groups} weights for {_firstItem.Length - 1} groups, with the sum {total}; expected one each and a positive, finite sum.", nameof(weights));
        Balance(groups / total);
    }

    public override int Count { get; }

    public override void Draw(CounterStream random, ulong first, Span<int> items)
    {
        for (var i = 0; i < items.Length; i++)
        {
            // The whole part chooses a column, the fraction whether its own group or its alias, and what is left of it the item.
            var u = random.Double(first + (ulong)i) * _keep.Length;
            var column = (int)u;
            u -= column;
            var keep = _keep[column];
            var (group, rest) = u < keep ? (column, u / keep) : (_alias[column], (u - keep) / (1 - keep));
            var size = _firstItem[group + 1] - _firstItem[group];
            items[i] = _firstItem[group] + Math.Min((int)(rest * size), size - 1);
        }
    }

    // Columns of height 1, each filled by one group and at most one other.
    void Balance(double scale)
    {
        var (small, large) = (new Stack<int>(), new Stack<int>());
        for (var g = 0; g < _keep.Length; g++)
        {
            _keep[g] *= scale;
            _alias[g] = g;
            (_keep[g] < 1 ? small : large).Push(g);
        }

        while (small.Count > 0 && large.Count > 0)
        {
            var (low, high) = (small.Pop(), large.Pop());
            _alias[low] = high;
            _keep[high] -= 1 - _keep[low];
            (_keep[high] < 1 ? small : large).Push(high);
        }

        // What rounding left over is a whole column.
        foreach (var g in small.Concat(large))
            _keep[g] = 1;
    }
}
