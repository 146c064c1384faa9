namespace OfflineRL.Datasets;

/// <summary>What a policy is worth, state by state.</summary>
public sealed class TabularValues
{
    readonly double[] _states;

    internal TabularValues(double[] states, double expectedReturn, double residual, double errorBound, string method)
    {
        _states = states;
        (Return, Residual, ErrorBound, Method) = (expectedReturn, residual, errorBound, method);
    }

    /// <summary>[S]: V(s). 0 at terminal states; where the start distribution never leads, it may not be finite at discount 1.</summary>
    public ReadOnlySpan<double> States => _states;

    /// <summary>Expected return of an episode: sum over states of start probability times V.</summary>
    public double Return { get; }

    /// <summary>The greatest error in Bellman's equation.</summary>
    public double Residual { get; }

    /// <summary>No finite V(s) is farther from the truth than this, up to rounding of the bound itself.</summary>
    public double ErrorBound { get; }

    /// <summary><c>lu</c> (dense), <c>bicgstab</c> or <c>gauss-seidel</c> (sparse, many states), <c>backward induction</c> or <c>sweeps</c>.</summary>
    public string Method { get; }

    /// <summary>Sweeps over the states; 0 where the method has none.</summary>
    public int Iterations { get; internal init; }
}

/// <summary>An optimal policy and its values.</summary>
public sealed class TabularOptimum
{
    readonly double[] _states;
    readonly int[] _actions;

    internal TabularOptimum(TabularPolicy policy, int[] actions, double[] states, double expectedReturn, double residual, double errorBound, int iterations)
    {
        (_states, _actions, Policy) = (states, actions, policy);
        (Return, Residual, ErrorBound, Iterations) = (expectedReturn, residual, errorBound, iterations);
    }

    /// <summary>[S]: V*(s).</summary>
    public ReadOnlySpan<double> States => _states;

    /// <summary>[S]: an optimal action; -1 at terminal states.</summary>
    public ReadOnlySpan<int> Actions => _actions;

    /// <summary>Takes <see cref="Actions"/>; called <c>optimal</c>.</summary>
    public TabularPolicy Policy { get; }

    /// <summary>Expected return of an episode.</summary>
    public double Return { get; }

    /// <summary>The greatest |max_a Q(s, a) - V(s)|.</summary>
    public double Residual { get; }

    /// <summary>No V(s) is farther from V*(s) than this; NaN at discount 1, where a residual says nothing about it.</summary>
    public double ErrorBound { get; }

    /// <summary>Policies evaluated, or sweeps over the states.</summary>
    public int Iterations { get; }
}

/// <summary>The best that can be done in a given number of steps, with actions that depend on the steps left.</summary>
public sealed class HorizonOptimum
{
    readonly double[] _states;
    readonly int[][]? _actions;

    internal HorizonOptimum(double[] states, double expectedReturn, int[][]? actions)
    {
        (_states, _actions, Return) = (states, actions, expectedReturn);
    }

    /// <summary>[S]: value at the first step.</summary>
    public ReadOnlySpan<double> States => _states;

    /// <summary>Expected return of an episode that is cut after the steps.</summary>
    public double Return { get; }

    /// <summary>[S]: the actions of a step, 0 being the first; -1 at terminal states. Lowest index where several are best.</summary>
    /// <exception cref="InvalidOperationException">Actions were not asked for.</exception>
    public ReadOnlySpan<int> ActionsAt(int step) =>
        (_actions ?? throw new InvalidOperationException("The actions were not kept; ask for them with keepActions."))[step];
}
