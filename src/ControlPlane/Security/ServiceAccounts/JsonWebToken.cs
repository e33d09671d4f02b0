using System.Buffers.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Json;

namespace Dataplane.ControlPlane.Security.ServiceAccounts;

/// <summary>JSON Web Tokens in compact form (RFC 7519): HEADER.CLAIMS.SIGNATURE in base64url.</summary>
internal static class JsonWebToken
{
    public static string Write(JsonObject claims, ServiceAccountKey key)
    {
        var header = new JsonObject { ["alg"] = ServiceAccountKey.Algorithm, ["kid"] = key.Id };
        var signed = Part(ObjectJson.Encode(header)) + "." + Part(ObjectJson.Encode(claims));
        return signed + "." + Part(key.Sign(signed));
    }

    /// <summary>The claims of a token this key has signed. They are not judged here.</summary>
    /// <returns>Null for any other text.</returns>
    public static JsonObject? Read(string token, ServiceAccountKey key)
    {
        if (token.Split('.') is not [var header, var claims, var signature])
        {
            return null;
        }

        try
        {
            // The header chooses nothing: there is one key and one algorithm.
            return Parse(header)?.Text("alg") == ServiceAccountKey.Algorithm && key.Verify($"{header}.{claims}", Base64Url.DecodeFromChars(signature))
                ? Parse(claims)
                : null;
        }
        catch (Exception failure) when (failure is FormatException or JsonException)
        {
            return null;
        }
    }

    private static string Part(ReadOnlySpan<byte> bytes) => Base64Url.EncodeToString(bytes);

    private static JsonObject? Parse(string part) => ClientJson.Parse(JsonBytes.Clean(Base64Url.DecodeFromChars(part))) as JsonObject;
}
