using System.CommandLine;
using System.Runtime.InteropServices;
using OfflineRL.Datasets;
using OfflineRL.Environments;
using OfflineRL.Torch;

namespace OfflineRL.Cli.Hosting;

/// <summary>Runs a command line and turns every way it can end into an exit code and, at most, one message.</summary>
static class ToolHost
{
    static readonly CancellationTokenSource Interruption = new();

    /// <summary>Cancelled by the first SIGINT or SIGTERM; a second one ends the process at once.</summary>
    public static CancellationToken Interrupted => Interruption.Token;

    public static int Run(RootCommand root, string[] args)
    {
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Interrupt);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Interrupt);
        ExternalProcesses.Heed(Interrupted);
        try
        {
            // Somebody who types the bare name wants to know what there is.
            var arguments = root.Parse(args.Length == 0 ? ["--help"] : args);
            if (arguments.Errors.Count > 0)
            {
                foreach (var error in arguments.Errors)
                    Console.Error.WriteLine($"offlinerl: {error.Message}");
                Console.Error.WriteLine($"Run '{CommandPath(arguments.CommandResult.Command)} --help' for usage.");
                return ExitCodes.Usage;
            }

            // A list of commands shows one line of each; their own --help shows the rest.
            foreach (var listed in arguments.CommandResult.Command.Subcommands)
                listed.Description = listed.Description?.Split('\n')[0];
            return arguments.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
        }
        catch (Exception e)
        {
            return Explain(e);
        }
    }

    static int Explain(Exception e)
    {
        switch (e)
        {
            case UserErrorException or TorchUnavailableException:
                Console.Error.WriteLine($"offlinerl: {e.Message}");
                return ExitCodes.Usage;
            case CheckFailedException:
                Console.Error.WriteLine($"offlinerl: {e.Message}");
                return ExitCodes.CheckFailed;
            case OperationCanceledException when Interrupted.IsCancellationRequested:
                Console.Error.WriteLine("offlinerl: interrupted; what was committed is whole.");
                return ExitCodes.Interrupted;
            // The reader of our output went away (| head): nothing is wrong.
            case IOException when e.HResult == 32 || e.Message.Contains("Broken pipe", StringComparison.Ordinal):
                return ExitCodes.Done;
            case IOException or UnauthorizedAccessException:
                Console.Error.WriteLine($"offlinerl: {e.Message}");
                return ExitCodes.Usage;
            default:
                Console.Error.WriteLine($"offlinerl: a fault of the tool's own; please report it with what you ran:\n{e}");
                return ExitCodes.Bug;
        }
    }

    static void Interrupt(PosixSignalContext context)
    {
        // The second signal keeps its default action, which ends the process without further ado.
        context.Cancel = !Interruption.IsCancellationRequested;
        if (!context.Cancel)
            ExternalProcesses.EndAll();
        Interruption.Cancel();
    }

    static string CommandPath(Symbol command)
    {
        var names = new List<string>();
        for (Symbol? s = command; s is not null and not RootCommand; s = s.Parents.FirstOrDefault())
            names.Insert(0, s.Name);
        return string.Join(' ', names.Prepend("offlinerl"));
    }
}
