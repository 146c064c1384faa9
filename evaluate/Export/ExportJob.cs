using System.Globalization;
using Google.Protobuf;
using OfflineRL.Datasets;
using OfflineRL.Train;

namespace OfflineRL.Evaluate;

/// <summary>Writes trained policies as ONNX models.</summary>
public static class ExportJob
{
    /// <summary>Exports and returns the files, in the order of the policies.</summary>
    /// <exception cref="UserErrorException">A policy does not exist or cannot be exported, or a file is there already; nothing is written then.</exception>
    public static IReadOnlyList<string> Run(ExportConfig config, Workspace workspace, CancellationToken cancellation)
    {
        Config.Check(config);
        var specs = config.Policies.Select(PolicySpec.Parse).ToList();
        if (specs.FirstOrDefault(s => s is not RunPolicySpec) is { } other)
            throw EvaluateThrow.NoNetworkToExport(other.Text);
        if (specs.OfType<RunPolicySpec>().FirstOrDefault(s => s.Plan is not null) is { } planning)
            throw EvaluateThrow.PlanHasNoNetwork(planning.Text);
        var policies = PolicyResolver.Resolve(specs, workspace, "", null).Candidates;
        if (config.IsFile)
        {
            if (policies.Count > 1)
                throw EvaluateThrow.SeveralPoliciesOneFile(config.Out, policies);
            PendingFile.RequireWritable(config.Out, config.Force);
            using var file = PendingFile.Create(config.Out, config.Force);
            Write(policies[0], file.Stream);
            file.Commit();
            return [Path.GetFullPath(config.Out)];
        }

        if (File.Exists(config.Out))
            throw EvaluateThrow.ExportIsNoFolder(config.Out);
        using var folder = PendingFolder.Create(config.Out);
        var names = new List<string>();
        foreach (var policy in policies)
        {
            cancellation.ThrowIfCancellationRequested();
            names.Add(Name(policy, names));
            using var stream = File.Create(Path.Combine(folder.FolderPath, names[^1]));
            Write(policy, stream);
        }

        folder.Commit();
        return [.. names.Select(name => Path.Combine(folder.Parent, folder.Name, name))];
    }

    static void Write(PolicyCandidate candidate, Stream stream)
    {
        var loaded = candidate.Load();
        using var disposable = loaded as IDisposable;
        if (loaded is not LearnedPolicy policy)
            throw EvaluateThrow.PlansToAct(loaded.Name);
        if (policy.Description.Latent is not null)
            throw EvaluateThrow.LatentToExport(policy.Name);
        using var tensors = PolicyTensors.Open(candidate.Folder!);
        OnnxPolicy.Model(policy.Description, tensors.Read).WriteTo(stream);
    }

    // Two specs may name one snapshot.
    static string Name(PolicyCandidate policy, List<string> taken)
    {
        var name = ReportFolder.NameFor(policy.Policy, string.Create(CultureInfo.InvariantCulture, $"seed-{policy.Seed}-step-{policy.Step}"));
        var unique = name;
        for (var i = 2; taken.Contains(unique + ".onnx"); i++)
            unique = string.Create(CultureInfo.InvariantCulture, $"{name}-{i}");
        return unique + ".onnx";
    }
}
