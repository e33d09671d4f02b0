using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
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
        try
        {
            var json = ObjectJson.Decode(Base64Url.DecodeFromChars(text));
            if (json.Text("v") == "meta.k8s.io/v1" && json.Integer("rv") is { } revision && json.Text("start") is { Length: > 0 } start)
            {
                return new ContinueToken(new Revision(revision), start);
            }
        }
        catch (Exception failure) when (failure is FormatException or JsonException or InvalidCastException)
        {
            // Reported below like every other unreadable token.
        }

        throw StatusException.BadRequest("continue key is not valid: invalid continue token");
    }
}
