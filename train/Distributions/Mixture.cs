using static TorchSharp.torch;

namespace OfflineRL.Train;

/// <summary>A mixture of K distributions over whole actions, of one kind: the density is the sum of w_k p_k(a).</summary>
public sealed class Mixture : IActionDistribution
{
    readonly ILocationScale _components;

    /// <param name="logits">[*, K] float: w = softmax(logits).</param>
    /// <param name="components">K rows in the last leading axis: <see cref="DiagonalGaussian"/> or <see cref="TanhGaussian"/> of [*, K, A].</param>
    public Mixture(Tensor logits, IActionDistribution components)
    {
        _components = components as ILocationScale
            ?? throw new ArgumentException($"components are {components.GetType().Name}; expected a normal distribution, squashed or not.", nameof(components));
        Weights = new Categorical(logits);
    }

    /// <summary>The distribution over components.</summary>
    public Categorical Weights { get; }

    /// <summary>[*, K] of [*, A]: ln(w_k p_k(a)); the shares that the components have in an action are its softmax.</summary>
    public Tensor JointLogProbabilities(Tensor actions) => _components.LogProbability(actions.unsqueeze(-2)).add(Weights.LogProbabilities);

    public Tensor LogProbability(Tensor actions)
    {
        var terms = JointLogProbabilities(actions);
        // Outside the bounds all are negative infinity, whose differences would be no numbers.
        var outside = terms.amax([-1], keepdim: true).eq(double.NegativeInfinity);
        return terms.masked_fill(outside, 0).logsumexp(-1).masked_fill(outside.squeeze(-1), double.NegativeInfinity);
    }

    public Tensor Sample(Generator generator)
    {
        using var quiet = no_grad();
        return Pick(_components.Sample(generator), Weights.Sample(generator));
    }

    /// <summary>Null: which component is drawn has no derivative.</summary>
    public Tensor? RSample(Generator generator) => null;

    /// <summary>
    /// An upper bound, for no closed form is known: the sum of w_i H_i - w_i ln sum_j w_j exp(-KL(p_i, p_j)) (Kolchinsky and Tracey 2017, "Estimating mixture entropy with pairwise
    /// distances", equation 10). Exact where components coincide or lie far apart.
    /// </summary>
    public Tensor Entropy()
    {
        var divergences = _components.Unsqueeze(-2).KlTo(_components.Unsqueeze(-3));
        var overlap = Weights.LogProbabilities.unsqueeze(-2).sub(divergences).logsumexp(-1);
        return Weights.Probabilities.mul(_components.Entropy().sub(overlap)).sum(-1);
    }

    /// <summary>An upper bound, 0 where both are the same: KL(w, v) + the sum of w_k KL(p_k, q_k), by the chain rule of relative entropy over pairs of component and action.</summary>
    /// <param name="other">A <see cref="Mixture"/> of as many components of the same kind.</param>
    public Tensor KlTo(IActionDistribution other)
    {
        var q = (Mixture)other;
        return Weights.KlTo(q.Weights).add(Weights.Probabilities.mul(_components.KlTo(q._components)).sum(-1));
    }

    /// <summary>That of the component of the largest weight.</summary>
    public Tensor Mode() => Pick(_components.Mode(), Weights.Mode());

    // [*, K, A] at [*]: [*, A].
    static Tensor Pick(Tensor actions, Tensor components) => Losses.Distributions.At(actions, components);
}
