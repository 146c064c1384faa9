using static TorchSharp.torch;

namespace OfflineRL.Train.Losses;

/// <summary>Picks one action's row of a distributional network's output, and puts a gradient back in its place.</summary>
public static class Distributions
{
    /// <summary>[*, A, N] at [*] int64 actions: [*, N].</summary>
    public static Tensor At(Tensor values, Tensor actions)
    {
        var shapes = new Shapes();
        shapes.Require(values, "* A N");
        shapes.Require(actions, "*", ScalarType.Int64);
        return values.gather(-2, Index(actions, values.size(-1))).squeeze(-2);
    }

    /// <summary>[*, A, N] that holds [*, N] at the [*] int64 actions and 0 elsewhere.</summary>
    /// <param name="rows">[*, N] float.</param>
    /// <param name="actions">[*] int64, in [0, count).</param>
    /// <param name="count">A.</param>
    public static Tensor AtActionOnly(Tensor rows, Tensor actions, long count)
    {
        var shapes = new Shapes();
        shapes.Require(rows, "* N");
        shapes.Require(actions, "*", ScalarType.Int64);
        var length = rows.size(-1);
        return zeros([.. actions.shape, count, length], dtype: rows.dtype, device: rows.device)
            .scatter_(-2, Index(actions, length), rows.unsqueeze(-2));
    }

    static Tensor Index(Tensor actions, long length)
    {
        var index = actions.unsqueeze(-1).unsqueeze(-1);
        return index.expand([.. actions.shape, 1, length]);
    }
}
