using OfflineRL.Datasets;

namespace OfflineRL.Evaluate;

/// <summary>Which policies become ONNX models, and where.</summary>
public sealed record ExportConfig : IValidatable
{
    internal const string JobName = "export";

    /// <summary>Which job the config is for. Always <c>export</c>.</summary>
    public string Job { get; init; } = JobName;

    /// <summary><c>run:NAME[@last|@offline_best|@all|@step=N][,seed=K][,epsilon=E][,temperature=T][,greedy=true]</c>. At least one.</summary>
    public IReadOnlyList<string> Policies { get; init; } = [];

    /// <summary>A file that ends in <c>.onnx</c> for one policy; else a folder to make, with a file for each.</summary>
    public string Out { get; init; } = "";

    /// <summary>Whether a file of that name is replaced; a folder never is. The default value is false.</summary>
    public bool Force { get; init; }

    internal bool IsFile => Out.EndsWith(".onnx", StringComparison.OrdinalIgnoreCase);

    public IEnumerable<string> Validate()
    {
        if (Job != JobName)
            yield return $"job is '{Job}'; expected {JobName}.";
        if (Policies.Count == 0)
            yield return "policies is empty; name at least one, for example --policy run:cartpole-dqn,seed=0.";
        if (Out.Length == 0)
            yield return "out is empty; name a file that ends in .onnx, or a folder, for example --out policy.onnx.";
    }
}
