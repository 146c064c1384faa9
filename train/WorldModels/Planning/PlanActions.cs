using OfflineRL.Datasets;
using static TorchSharp.torch;

namespace OfflineRL.Train.WorldModels.Planning;

/// <summary>
/// What plans are made of. Of continuous actions planners work in units in which every dimension's range is [-1, 1]; of discrete ones in probabilities or logits, of which the model sees one-hot vectors.
/// </summary>
/// <remarks>A dimension without a finite bound is planned within four of the data's scales of the data's shift: further out the model knows nothing.</remarks>
public sealed class PlanActions : IDisposable
{
    const double UnboundedScales = 4;

    // Of continuous actions, [A] float32: the middle of the range and half its width.
    readonly Tensor? _middle, _half;

    PlanActions(int width, Tensor? middle, Tensor? half) => (Width, _middle, _half) = (width, middle, half);

    /// <summary>A: numbers of an action, the count of discrete ones.</summary>
    public int Width { get; }

    public bool IsDiscrete => _middle is null;

    /// <summary>Actions of a space.</summary>
    /// <param name="space">Discrete, or a box.</param>
    /// <param name="units">Where the data's continuous actions lie; null: unknown, so that every bound has to be finite.</param>
    /// <param name="device">Where the model is.</param>
    /// <exception cref="UserErrorException">A dimension has neither finite bounds nor units.</exception>
    public static PlanActions Of(Space space, ActionUnits? units, Device device)
    {
        if (space is DiscreteSpace discrete)
            return new(discrete.Count, null, null);
        var box = (BoxSpace)space;
        var (middle, half) = (new float[box.FlatSize], new float[box.FlatSize]);
        for (var d = 0; d < middle.Length; d++)
        {
            var (low, high) = (Bound(box.Low[d], -1, d), Bound(box.High[d], 1, d));
            if (!(low < high))
                Throw.User($"Dimension {d} of the actions of {space} lies in [{low}, {high}]; expected a range to plan in.");
            (middle[d], half[d]) = ((float)((low + high) / 2), (float)((high - low) / 2));
        }

        using var scope = NewDisposeScope();
        return new(middle.Length, scope.Detach(tensor(middle).to(device)), scope.Detach(tensor(half).to(device)));

        double Bound(double bound, int sign, int d)
        {
            if (double.IsFinite(bound))
                return bound;
            if (units is null)
                Throw.User($"Dimension {d} of the actions of {space} has no finite bound, and nothing says where the data's actions lie; planning needs a range to search.");
            return units.Shift[d] + (sign * UnboundedScales * units.Scale[d]);
        }
    }

    /// <summary>A plan that says nothing: the middles of the ranges, or uniform probabilities. [L, H, A].</summary>
    public Tensor Neutral(int lanes, int horizon, Device device) =>
        IsDiscrete ? full([lanes, horizon, Width], 1.0 / Width, ScalarType.Float32, device) : _middle!.expand(lanes, horizon, Width).clone();

    /// <summary>What is left of plans after their first action, with a last one that says nothing. [L, H, A].</summary>
    public Tensor Shifted(Tensor plans) =>
        cat([plans.narrow(1, 1, plans.size(1) - 1), Neutral((int)plans.size(0), 1, plans.device)], 1);

    /// <summary>Continuous actions as the model sees them, from units.</summary>
    internal Tensor FromUnits(Tensor units) => units.mul(_half!).add(_middle!);

    /// <summary>The inverse of <see cref="FromUnits"/>.</summary>
    internal Tensor ToUnits(Tensor actions) => actions.sub(_middle!).div(_half!);

    /// <summary>The one-hot vectors of the largest numbers (ties: one of them). [*, A].</summary>
    internal Tensor OneHot(Tensor scores) => scores.argmax(-1, keepdim: true).eq(arange(Width, device: scores.device)).to(ScalarType.Float32);

    /// <summary>Logarithms of discrete probabilities [L, H, A] with those of the first step's forbidden actions at negative infinity.</summary>
    internal static Tensor Allowed(Tensor logits, Tensor? firstMasks)
    {
        if (firstMasks is null)
            return logits;
        var first = logits.narrow(-2, 0, 1);
        var masks = firstMasks.unsqueeze(-2);
        while (masks.dim() < first.dim())
            masks = masks.unsqueeze(1);
        first = first.masked_fill(masks.logical_not(), double.NegativeInfinity);
        return logits.size(-2) == 1 ? first : cat([first, logits.narrow(-2, 1, logits.size(-2) - 1)], -2);
    }

    public void Dispose()
    {
        _middle?.Dispose();
        _half?.Dispose();
    }
}
