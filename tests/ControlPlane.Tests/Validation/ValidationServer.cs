using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Tests.Http;

namespace Dataplane.ControlPlane.Tests.Validation;

/// <summary>One server for all refusals of a class: nothing of what they send is kept.</summary>
public sealed class ValidationServer : IAsyncLifetime
{
    internal RawServer Server { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Server = await RawServer.StartAsync();

    public ValueTask DisposeAsync() => Server.DisposeAsync();

    /// <summary>Posts an object in YAML, which must be invalid.</summary>
    /// <returns>What is said after "is invalid: ".</returns>
    internal async Task<string> RefusedAsync(string path, string yaml)
    {
        using var answer = await Server.SendAsync(HttpMethod.Post, path, body: yaml, type: "application/yaml");
        return await SaidAsync(answer);
    }

    /// <summary>Makes an object, then asks for a change of it, which must be invalid.</summary>
    internal async Task<string> ChangeRefusedAsync(string path, string yaml, string patch)
    {
        using var made = await Server.SendAsync(HttpMethod.Post, path, body: yaml, type: "application/yaml");
        var text = await made.Content.ReadAsStringAsync(RawServer.Cancellation);
        Assert.True(made.IsSuccessStatusCode, text);
        var name = (string)JsonNode.Parse(text)!["metadata"]!["name"]!;
        try
        {
            using var answer = await Server.SendAsync(HttpMethod.Patch, $"{path}/{name}", body: patch, type: "application/merge-patch+json");
            return await SaidAsync(answer);
        }
        finally
        {
            (await Server.SendAsync(HttpMethod.Delete, $"{path}/{name}?gracePeriodSeconds=0")).Dispose();
        }
    }

    private static async Task<string> SaidAsync(HttpResponseMessage answer)
    {
        var text = await answer.Content.ReadAsStringAsync(RawServer.Cancellation);
        Assert.True((int)answer.StatusCode == 422, $"{(int)answer.StatusCode}: {text}");
        var status = JsonNode.Parse(text)!;
        Assert.Equal("Invalid", (string?)status["reason"]);

        // Every error is a cause of its own, with the field and what follows it in the message.
        var said = ((string)status["message"]!).Split(" is invalid: ", 2)[1];
        var causes = status["details"]!["causes"]!.AsArray().Select(cause => $"{cause!["field"]}: {cause["message"]}").Distinct().ToList();
        Assert.Equal(said, causes.Count == 1 ? causes[0] : $"[{string.Join(", ", causes)}]");
        Assert.All(status["details"]!["causes"]!.AsArray(), cause => Assert.StartsWith("FieldValue", (string?)cause!["reason"], StringComparison.Ordinal));
        return said;
    }
}
