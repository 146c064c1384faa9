using System.CommandLine;
using System.Text.Json;
using OfflineRL.Cli.Hosting;
using OfflineRL.Datasets;

namespace OfflineRL.Cli.Datasets;

/// <summary><c>offlinerl datasets show</c>.</summary>
static class ShowCommand
{
    public static Command Create()
    {
        Argument<string> name = new("dataset") { Description = "NAME, NAME-vN, or the path of a dataset's folder" };
        Option<bool> json = new("--json") { Description = "Write the card as JSON" };
        Option<string?> html = new("--html") { Description = "Write the card as a page of its own, without scripts, and nothing on the terminal", HelpName = "FILE" };
        Option<bool> force = new("--force") { Description = "Replace the page where it exists" };
        Command command = new("show", """
            Shows a dataset's card: spaces, counts, returns and lengths, actions, propensities, every column, what validation found, lineage, files.

            Examples:
              offlinerl datasets show cartpole
              offlinerl datasets show cartpole --html cartpole.html --force
              offlinerl datasets show cartpole --json
            """)
        {
            name, json, html, force,
        };
        command.SetAction(arguments => Run(
            Dataset.Open(arguments.Workspace(), arguments.GetValue(name)!), arguments.GetValue(json), arguments.GetValue(html), arguments.GetValue(force)));
        return command;
    }

    static void Run(Dataset dataset, bool json, string? html, bool force)
    {
        if (html is not null)
            PendingFile.RequireWritable(html, force);
        DatasetCard card = DatasetCardReader.Read(dataset);
        if (html is not null)
        {
            using PendingFile file = PendingFile.Create(html, force);
            file.Stream.Write(System.Text.Encoding.UTF8.GetBytes(CardPage.Write(card)));
            file.Commit();
        }

        if (json)
            Console.WriteLine(JsonSerializer.Serialize(card, JsonFiles.Options));
        else if (html is null)
            CardText.Write(card);
    }
}
