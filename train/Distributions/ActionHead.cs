using OfflineRL.Datasets;
using OfflineRL.Train.Losses;
using static TorchSharp.torch;

namespace OfflineRL.Train;

/// <summary>
/// What turns a network's outputs into a distribution over the actions of a space: a softmax for discrete ones, and for continuous ones what a <see cref="PolicyConfig"/>
/// names. Actions are in the units of the dataset. <see cref="GaussianHead"/> acts with the same densities.
/// </summary>
/// <remarks>
/// Outputs for continuous actions: the mixture's K logits where K is above 1, then K A means, then K A logarithms of standard deviations, component by component; without tanh in
/// <see cref="ActionUnits"/>, with it before the tanh. Every limit is soft, so that a number can always come back from it: logarithms of deviations l become m + h tanh((l - m) / h) with m and h the middle and half of
/// the limits of <see cref="GaussianLosses"/>; without tanh a mean between two bounds does likewise, and one with a lower bound alone becomes low + s softplus((x - low) / s), s the unit's scale.
/// </remarks>
public sealed class ActionHead : IDisposable
{
    // Stands for an infinite bound: no action is as large, and no square of it is needed.
    const double Unbounded = 1e30;

    readonly int _actions;
    readonly BoxSpace? _box;
    readonly ActionUnits? _units;
    readonly PolicyConfig _config;
    Constants? _constants;

    ActionHead(Space actions, ActionUnits? units, PolicyConfig config)
    {
        (_actions, _box, _units, _config) = (actions is DiscreteSpace discrete ? discrete.Count : actions.FlatSize, actions as BoxSpace, units, config);
    }

    /// <param name="actions">Discrete, or a box.</param>
    /// <param name="units">Of continuous actions; null: they are discrete.</param>
    /// <param name="config">Checked by the caller.</param>
    /// <exception cref="UserErrorException">The config does not fit the space.</exception>
    public static ActionHead Create(Space actions, ActionUnits? units, PolicyConfig config)
    {
        if (actions is BoxSpace != units is not null)
            throw new ArgumentException($"{actions} came {(units is null ? "without" : "with")} units; expected them for continuous actions alone.", nameof(units));
        if (actions is BoxSpace box && Fault(box, config) is { } fault)
            Throw.User(fault);
        return new ActionHead(actions, units, config);
    }

    /// <summary>Why such a distribution cannot be over such actions; null: it can.</summary>
    internal static string? Fault(BoxSpace actions, PolicyConfig config)
    {
        if (config.Squash != PolicyConfig.TanhSquash)
            return null;
        for (var d = 0; d < actions.Low.Count; d++)
        {
            if (!(double.IsFinite(actions.Low[d]) && double.IsFinite(actions.High[d]) && actions.Low[d] < actions.High[d]))
                return $"policy.squash is tanh and dimension {d} of the actions goes from {actions.Low[d]} to {actions.High[d]}; expected finite bounds. Use policy.squash none.";
        }

        return null;
    }

    /// <summary>How many numbers a row of heads has.</summary>
    public int Outputs => OutputsOf(_actions, _box is null ? null : _config);

    /// <summary>How many of the last of them are logarithms of standard deviations; 0 for discrete actions.</summary>
    public int ScaleOutputs => _box is null ? 0 : _config.Mixture * _actions;

    /// <summary>How many of the last of them do not depend on the observation.</summary>
    public int FreeOutputs => _box is not null && _config.Scale == PolicyConfig.FreeScale ? ScaleOutputs : 0;

    /// <summary>Whether <see cref="IActionDistribution.Entropy"/> and <see cref="IActionDistribution.KlTo"/> of what it gives are exact.</summary>
    public bool HasExactKl => _box is null || _config.Mixture == 1;

    /// <summary>A network's description with these outputs.</summary>
    internal NetworkDescription Describe(NetworkDescription network) => network with { Outputs = Outputs, FreeOutputs = FreeOutputs };

    /// <summary>How many numbers a row of heads has for discrete actions, or for continuous ones of a config.</summary>
    internal static int OutputsOf(int actions, PolicyConfig? config) =>
        config is null ? actions : (config.Mixture > 1 ? config.Mixture : 0) + (2 * config.Mixture * actions);

    /// <summary>The distributions of rows of heads.</summary>
    /// <param name="heads">[*, Outputs] float.</param>
    /// <param name="masks">[*, A] bool, true where a discrete action is allowed; null: all are.</param>
    public IActionDistribution Of(Tensor heads, Tensor? masks = null)
    {
        if (heads.size(-1) != Outputs)
            Throw.Shape(nameof(heads), $"{Outputs} numbers a row", $"{heads.size(-1)}");
        if (_box is null)
            return new Categorical(heads, masks);
        var (k, size) = (_config.Mixture, _config.Mixture * _actions);
        var components = Components(Rows(heads, heads.size(-1) - (2 * size)), Rows(heads, heads.size(-1) - size));
        return k == 1 ? components : new Mixture(heads.narrow(-1, 0, k), components);
    }

    public void Dispose() => _constants?.Dispose();

    // [*, A], or [*, K, A] of a mixture.
    Tensor Rows(Tensor heads, long start)
    {
        var rows = heads.narrow(-1, start, _config.Mixture * _actions);
        return _config.Mixture == 1 ? rows : rows.unflatten(-1, _config.Mixture, _actions);
    }

    IActionDistribution Components(Tensor means, Tensor logs)
    {
        var (constants, type) = (ConstantsFor(means.device), means.dtype);
        (means, logs) = (means.to(ScalarType.Float64), SoftLimits.Between(logs.to(ScalarType.Float64), GaussianLosses.LowestLogDeviation, GaussianLosses.HighestLogDeviation));
        if (_config.Squash == PolicyConfig.TanhSquash)
            return new TanhGaussian(means, logs, constants.Low, constants.High, type);
        means = means.mul(constants.Scale).add(constants.Shift);
        logs = logs.add(constants.LogScale);
        if (constants.FloatLow is null)
            return new DiagonalGaussian(means, logs, results: type);
        return new DiagonalGaussian(constants.Within(means), logs.minimum(constants.LogWidest!), constants.FloatLow, constants.FloatHigh, type);
    }

    Constants ConstantsFor(Device device)
    {
        if (_constants is null || _constants.Low.device.ToString() != device.ToString())
        {
            _constants?.Dispose();
            _constants = new Constants(_box!, _units!, device);
        }

        return _constants;
    }

    // Of the bounds and the units, [A] float64, where the heads are.
    sealed class Constants : IDisposable
    {
        // [A] bool: dimensions with two bounds, with a lower one alone, with an upper one alone; null where there is none.
        readonly Tensor? _between, _above, _below;

        public Constants(BoxSpace box, ActionUnits units, Device device)
        {
            Low = Vector(box.Low.Select(Finite), device);
            High = Vector(box.High.Select(Finite), device);
            Shift = Vector(units.Shift, device);
            Scale = Vector(units.Scale, device);
            LogScale = Vector(units.Scale.Select(v => Math.Log(v)), device);
            if (box.Low.All(double.IsInfinity) && box.High.All(double.IsInfinity))
                return;
            _between = Mask(box, low: true, high: true, device);
            _above = Mask(box, low: true, high: false, device);
            _below = Mask(box, low: false, high: true, device);
            // Actions are floats, and a bound's nearest float may lie beyond it.
            FloatLow = Vector(box.Low.Select(v => (double)(float)Finite(v)), device);
            FloatHigh = Vector(box.High.Select(v => (double)(float)Finite(v)), device);
            LogWidest = Vector(box.Low.Zip(box.High, (low, high) => Math.Log(10 * (Finite(high) - Finite(low)))), device);
        }

        public Tensor Low { get; }

        public Tensor High { get; }

        public Tensor Shift { get; }

        public Tensor Scale { get; }

        public Tensor LogScale { get; }

        // Null where nothing is bounded.
        public Tensor? FloatLow { get; }

        public Tensor? FloatHigh { get; }

        public Tensor? LogWidest { get; }

        /// <summary>Means within the bounds of their dimensions.</summary>
        public Tensor Within(Tensor means)
        {
            var within = means;
            if (_between is not null)
                within = SoftLimits.Between(means, Low, High).where(_between, within);
            if (_above is not null)
                within = SoftLimits.Above(means, Low, Scale).where(_above, within);
            return _below is null ? within : SoftLimits.Below(means, High, Scale).where(_below, within);
        }

        public void Dispose()
        {
            foreach (var tensor in new[] { Low, High, Shift, Scale, LogScale, FloatLow, FloatHigh, LogWidest, _between, _above, _below })
                tensor?.Dispose();
        }

        static Tensor? Mask(BoxSpace box, bool low, bool high, Device device)
        {
            using var scope = NewDisposeScope();
            bool[] mask = [.. box.Low.Zip(box.High, (l, h) => double.IsFinite(l) == low && double.IsFinite(h) == high)];
            return mask.Contains(true) ? scope.Detach(tensor(mask).to(device)) : null;
        }

        static double Finite(double bound) => Math.Clamp(bound, -Unbounded, Unbounded);

        static Tensor Vector(IEnumerable<double> values, Device device)
        {
            using var scope = NewDisposeScope();
            return scope.Detach(tensor([.. values]).to(device));
        }
    }
}
