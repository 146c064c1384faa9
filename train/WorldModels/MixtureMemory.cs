using OfflineRL.Datasets;
using OfflineRL.Torch;
using OfflineRL.Train.Losses;
using OfflineRL.Train.Networks;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace OfflineRL.Train.WorldModels;

/// <summary>
/// The memory of World Models (Ha and Schmidhuber 2018, section 2.3): an LSTM that reads code and action, m' = LSTM(m, [z, a]), and a mixture density network on it, p(z'|h') as one mixture of K normal
/// distributions for each number of z' (Bishop 1994; Graves 2013); from h' and z' it tells the mean reward and the logit of going on.
/// </summary>
/// <remarks>
/// Members are mixture heads side by side on the one LSTM, each with first parameters of its own. A memory is one row of 2 U numbers, h before c. The LSTM is that of Hochreiter and Schmidhuber 1997 with forget gates: i, f, o = sigmoid, g = tanh of W [x, h] + b, c' = f c + i g, h' = o tanh(c'), with one bias. Means are of z' - z,
/// so that the first prediction is that nothing changes.
/// </remarks>
public sealed class MixtureMemory : IDisposable
{
    const double HighestLogDeviation = 2;

    readonly double _lowestLogDeviation;
    readonly ParameterSet _set;
    readonly Parameter _input, _recurrent, _bias;
    readonly Mlp _mixture, _heads;

    /// <param name="codes">Z.</param>
    /// <param name="actions">A.</param>
    /// <param name="units">U: of the LSTM.</param>
    /// <param name="components">K.</param>
    /// <param name="hidden">Widths between [h', z'] and reward and continuation.</param>
    /// <param name="random">For the first parameters.</param>
    /// <param name="device">Where they lie.</param>
    /// <param name="members">M.</param>
    /// <param name="lowestLogDeviation">ln sigma stays above this.</param>
    public MixtureMemory(int codes, int actions, int units, int components, IReadOnlyList<int> hidden, RandomStream random, Device device, int members = 1, double lowestLogDeviation = -5)
    {
        (Codes, Actions, Units, Components, Members, _lowestLogDeviation) = (codes, actions, units, components, members, lowestLogDeviation);
        _set = new ParameterSet(random, device);
        var bound = 1 / Math.Sqrt(units);
        _input = _set.Uniform("lstm.input.weight", bound, 4 * units, codes + actions);
        _recurrent = _set.Uniform("lstm.recurrent.weight", bound, 4 * units, units);
        _bias = _set.Uniform("lstm.bias", bound, 4 * units);
        _mixture = new Mlp(_set, "mixture", [units, 3 * codes * components], members: members);
        _heads = new Mlp(_set, "heads", [units + codes, .. hidden, 2]);
        Parameters = _set.Flatten();
    }

    /// <summary>Z.</summary>
    public int Codes { get; }

    /// <summary>A.</summary>
    public int Actions { get; }

    /// <summary>U.</summary>
    public int Units { get; }

    /// <summary>K.</summary>
    public int Components { get; }

    /// <summary>M.</summary>
    public int Members { get; }

    public FlatParameters Parameters { get; }

    /// <summary>The weights of the LSTM: [4 U, Z + A] of inputs, [4 U, U] of h, and the bias [4 U]; gates i, f, g, o one below the other.</summary>
    internal (Tensor Input, Tensor Recurrent, Tensor Bias) Lstm => (_input, _recurrent, _bias);

    /// <summary>The tensors as files name them.</summary>
    internal IEnumerable<NamedTensor> NamedTensors(string prefix = "") => _set.Named(prefix, withNoise: true);

    /// <summary>One step of the LSTM.</summary>
    /// <param name="memory">[N, 2 U].</param>
    /// <param name="codes">[N, Z].</param>
    /// <param name="actions">[N, A].</param>
    /// <returns>[N, 2 U].</returns>
    public Tensor Advance(Tensor memory, Tensor codes, Tensor actions) => Advance(memory, FromInputs(cat([codes, actions], -1)));

    /// <summary>The LSTM over T steps from an empty memory, emptied again where a reset says so.</summary>
    /// <param name="codes">[T, B, Z].</param>
    /// <param name="actions">[T, B, A].</param>
    /// <param name="resets">[T, B] bool, true where the memory is emptied before the step; null: nowhere but at the first.</param>
    /// <returns>[T, B, 2 U]: the memory before each step, and after it.</returns>
    public (Tensor Before, Tensor After) Unroll(Tensor codes, Tensor actions, Tensor? resets)
    {
        // What does not depend on the memory is one product for all steps.
        var inputs = FromInputs(cat([codes, actions], -1));
        var keeps = resets?.logical_not().to(ScalarType.Float32).unsqueeze(-1);
        var (before, after) = (new List<Tensor>(), new List<Tensor>());
        var memory = zeros([codes.size(1), 2 * Units], device: codes.device);
        for (var t = 0L; t < codes.size(0); t++)
        {
            if (keeps is not null && t > 0)
                memory = memory.mul(keeps[t]);
            before.Add(memory);
            memory = Advance(memory, inputs[t]);
            after.Add(memory);
        }

        return (stack(before), stack(after));
    }

    /// <summary>p(z'|h') of each member: logits, means and ln sigma, each [M, *, Z, K].</summary>
    /// <param name="memory">[*, 2 U], after the step.</param>
    /// <param name="codes">[*, Z], before it.</param>
    public (Tensor Logits, Tensor Means, Tensor LogDeviations) Mixture(Tensor memory, Tensor codes)
    {
        var heads = _mixture.Forward(Hidden(memory).reshape(-1, Units)).reshape([Members, .. memory.shape[..^1], 3, Codes, Components]);
        return (heads.select(-3, 0), heads.select(-3, 1).add(codes.unsqueeze(-1)), SoftLimits.Between(heads.select(-3, 2), _lowestLogDeviation, HighestLogDeviation));
    }

    /// <summary>ln p(z'|h'), the mean over members: [*].</summary>
    /// <param name="next">[*, Z]: z'.</param>
    /// <param name="mixture">From <see cref="Mixture"/>.</param>
    public static Tensor LogLikelihood(Tensor next, (Tensor Logits, Tensor Means, Tensor LogDeviations) mixture) => WorldModelLosses.MixtureLogLikelihood(
        next.unsqueeze(0).expand(mixture.Logits.shape[..^1]).unsqueeze(-1), mixture.Logits, mixture.Means.unsqueeze(-1), mixture.LogDeviations.unsqueeze(-1)).sum(-1).mean([0]);

    /// <summary>The mean reward, in the units of the head, and the logit of going on, each [*].</summary>
    /// <param name="memory">[*, 2 U], after the step.</param>
    /// <param name="next">[*, Z]: z'.</param>
    public (Tensor Reward, Tensor ContinueLogit) Heads(Tensor memory, Tensor next)
    {
        var heads = _heads.Forward(cat([Hidden(memory), next], -1));
        return (heads.select(-1, 0), heads.select(-1, 1));
    }

    /// <summary>h, what a controller reads: [*, 2 U] to [*, U].</summary>
    public Tensor Hidden(Tensor memory) => memory.narrow(-1, 0, Units);

    /// <summary>
    /// A draw of z' at a temperature tau: the component from softmax(logits / tau), the number from it with a variance of tau times its own (Ha and Schmidhuber 2018, section 4.1, after Ha and Eck 2017). The
    /// gradient goes through the component that was drawn.
    /// </summary>
    /// <param name="logits">[N, Z, K].</param>
    /// <param name="means">[N, Z, K].</param>
    /// <param name="logDeviations">[N, Z, K].</param>
    /// <param name="temperature">tau, positive.</param>
    /// <param name="gumbel">[N, Z, K] standard Gumbel.</param>
    /// <param name="normal">[N, Z] standard normal.</param>
    public static Tensor Draw(Tensor logits, Tensor means, Tensor logDeviations, double temperature, Tensor gumbel, Tensor normal)
    {
        var component = logits.detach().div(temperature).add(gumbel).argmax(-1, keepdim: true);
        var (mean, log) = (means.gather(-1, component).squeeze(-1), logDeviations.gather(-1, component).squeeze(-1));
        return mean.add(log.exp().mul(normal), alpha: Math.Sqrt(temperature));
    }

    /// <summary>The mean of z', [*, Z].</summary>
    public static Tensor Mean(Tensor logits, Tensor means) => logits.softmax(-1).mul(means).sum(-1);

    /// <summary>The variance of z', [*, Z].</summary>
    public static Tensor Variance(Tensor logits, Tensor means, Tensor logDeviations) =>
        logits.softmax(-1).mul(means.sub(Mean(logits, means).unsqueeze(-1)).square().add(logDeviations.mul(2).exp())).sum(-1);

    public void Dispose()
    {
        Parameters.Dispose();
        _set.Dispose();
    }

    Tensor FromInputs(Tensor inputs) => inputs.matmul(_input.t()).add(_bias);

    Tensor Advance(Tensor memory, Tensor fromInputs)
    {
        var gates = fromInputs.add(Hidden(memory).matmul(_recurrent.t()));
        var (i, f, g, o) = (gates.narrow(-1, 0, Units).sigmoid(), gates.narrow(-1, Units, Units).sigmoid(), gates.narrow(-1, 2 * Units, Units).tanh(), gates.narrow(-1, 3 * Units, Units).sigmoid());
        var cell = f.mul(memory.narrow(-1, Units, Units)).add(i.mul(g));
        return cat([o.mul(cell.tanh()), cell], -1);
    }
}
