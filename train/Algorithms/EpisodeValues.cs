using OfflineRL.Train.Losses;
using OfflineRL.Train.Networks;
using OfflineRL.Train.Sampling;
using static TorchSharp.torch;

namespace OfflineRL.Train.Algorithms;

/// <summary>What algorithms of whole episodes ask of a network of state values.</summary>
static class EpisodeValues
{
    /// <summary>v(s_t) and v(s_(t+1)) of every row; constants for the gradient.</summary>
    /// <returns>[N] each.</returns>
    public static (Tensor Values, Tensor Next) Of(LearningNetwork network, EpisodeBatch batch)
    {
        using var quiet = no_grad();
        var all = network.Online.Forward(batch.States).squeeze(-1);
        return (all.narrow(0, 0, batch.Rows), all.index_select(0, batch.NextRows));
    }

    /// <summary>Generalized advantages (<see cref="Returns.Advantages"/>) and v(s_t); constants for the gradient. Their sum is the lambda return.</summary>
    /// <param name="network">Of state values.</param>
    /// <param name="batch">Whole episodes, N rows.</param>
    /// <param name="lambda">In [0, 1]: 0 for the one-step error, 1 for the return to go.</param>
    /// <returns>[N] each.</returns>
    public static (Tensor Advantages, Tensor Values) LambdaAdvantages(LearningNetwork network, EpisodeBatch batch, double lambda)
    {
        using var quiet = no_grad();
        var (values, next) = Of(network, batch);
        return (Returns.Advantages(batch.Rewards, batch.Discounts, batch.Continues, values, next, lambda), values);
    }

    /// <summary>G_t, which goes on after a truncated end by its value, and v(s_t); constants for the gradient.</summary>
    /// <returns>[N] each.</returns>
    public static (Tensor Returns, Tensor Values) ReturnsToGo(LearningNetwork network, EpisodeBatch batch)
    {
        using var quiet = no_grad();
        var (values, next) = Of(network, batch);
        return (Returns.ToGo(batch.Rewards, batch.Discounts, batch.Continues, next), values);
    }

    /// <summary>A gradient step of the network on the mean of (target - v(s))^2.</summary>
    /// <param name="network">Of state values.</param>
    /// <param name="observations">[B, D].</param>
    /// <param name="targets">[B], constants.</param>
    public static void Fit(LearningNetwork network, Tensor observations, Tensor targets)
    {
        network.Online.Forward(observations).squeeze(-1).sub(targets).square().mean().backward();
        network.Update();
    }
}
