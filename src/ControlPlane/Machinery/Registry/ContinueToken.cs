using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Validation;
using Dataplane.ControlPlane.Store;

namespace Dataplane.ControlPlane.Machinery.Registry;

/// <summary>Where a list in pieces goes on: the revision it is consistent at and the first key not yet sent, below the prefix.</summary>
internal readonly record struct ContinueToken(Revision Revision, string Start)
{
    /// <summary>Whether the rest comes from the same revision as the beginning; the rest of a list that took too long comes from the newest.</summary>
    public bool IsConsistent => Revision >= Revision.None;

    public static ContinueToken Inconsistent(string start) => new(new Revision(-1), start);

    public string Encode()
    {
        var json = new JsonObject { ["v"] = "meta.k8s.io/v1", ["rv"] = Revision.Value, ["start"] = Start };
        return Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json.ToJsonString()));
    }

    /// <exception cref="StatusException">400: not a token of this server.</exception>
    public static ContinueToken Decode(string text)
    {
        var bytes = Bytes(text);
        if (Parse(bytes) is not { } json)
        {
            throw Broken(GoJsonSyntax.Error(bytes) ?? "json: cannot unmarshal into Go value of type storage.continueToken");
        }

        if (json.Text("v") is var version && version != "meta.k8s.io/v1")
        {
            throw Broken($"server does not recognize this encoded version {GoValue.Quote(version ?? "")}");
        }

        if (json.Integer("rv") is not { } revision || revision == 0)
        {
            throw Broken("incorrect encoded start resourceVersion (version meta.k8s.io/v1)");
        }

        // A path that leads out of the listed prefix is nobody's token.
        return json.Text("start") is { Length: > 0 } start && !start.Split('/').Any(part => part is "." or "..") && start[0] != '/'
            ? new ContinueToken(new Revision(revision), start)
            : throw Broken("encoded start key empty (version meta.k8s.io/v1)");
    }

    private static byte[] Bytes(string text)
    {
        var odd = text.AsSpan().IndexOfAnyExcept("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");
        try
        {
            return odd < 0 ? Base64Url.DecodeFromChars(text) : throw Broken($"illegal base64 data at input byte {odd}");
        }
        catch (FormatException)
        {
            throw Broken($"illegal base64 data at input byte {text.Length}");
        }
    }

    private static JsonObject? Parse(byte[] json)
    {
        try
        {
            return ClientJson.Parse(JsonBytes.Clean(json)) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static StatusException Broken(string why) => StatusException.BadRequest($"invalid continue token: continue key is not valid: {why}");
}
