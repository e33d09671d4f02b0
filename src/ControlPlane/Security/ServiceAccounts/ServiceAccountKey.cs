using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Dataplane.ControlPlane.Security.ServiceAccounts;

/// <summary>The cluster's key for service account tokens: ECDSA on P-256, the tokens' algorithm ES256 (RFC 7518, 3.4).</summary>
/// <remarks>Kept as kubeadm keeps its own: pki/sa.key and pki/sa.pub, PEM.</remarks>
internal sealed class ServiceAccountKey : IDisposable
{
    public const string Algorithm = "ES256";

    private readonly ECDsa _key;
    private readonly Lock _gate = new();

    private ServiceAccountKey(ECDsa key)
    {
        _key = key;
        Id = Base64Url.EncodeToString(SHA256.HashData(key.ExportSubjectPublicKeyInfo()));
    }

    /// <summary>The key's fingerprint, in the header of its tokens.</summary>
    public string Id { get; }

    /// <param name="directory">Where sa.key lies or is made; null keeps the key in memory.</param>
    /// <exception cref="IOException">The file is no EC key on P-256; the message names it.</exception>
    public static ServiceAccountKey Load(string? directory)
    {
        var path = directory is null ? null : Path.Combine(directory, "sa.key");
        if (path is not null && File.Exists(path))
        {
            return new ServiceAccountKey(Read(path));
        }

        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        if (path is not null)
        {
            OwnerOnlyFile.Write(path, key.ExportPkcs8PrivateKeyPem() + "\n");
            OwnerOnlyFile.Write(Path.ChangeExtension(path, ".pub"), key.ExportSubjectPublicKeyInfoPem() + "\n");
        }

        return new ServiceAccountKey(key);
    }

    /// <summary>A signature in the form of a JWS: r and s, 32 bytes each.</summary>
    public byte[] Sign(string text)
    {
        lock (_gate)
        {
            return _key.SignData(Encoding.ASCII.GetBytes(text), HashAlgorithmName.SHA256);
        }
    }

    public bool Verify(string text, ReadOnlySpan<byte> signature)
    {
        lock (_gate)
        {
            return _key.VerifyData(Encoding.ASCII.GetBytes(text), signature, HashAlgorithmName.SHA256);
        }
    }

    /// <summary>The public key as a JSON Web Key (RFC 7517).</summary>
    public JsonObject ToJsonWebKey()
    {
        var point = _key.ExportParameters(includePrivateParameters: false).Q;
        return new JsonObject
        {
            ["use"] = "sig",
            ["kty"] = "EC",
            ["kid"] = Id,
            ["crv"] = "P-256",
            ["alg"] = Algorithm,
            ["x"] = Base64Url.EncodeToString(point.X),
            ["y"] = Base64Url.EncodeToString(point.Y),
        };
    }

    public void Dispose() => _key.Dispose();

    private static ECDsa Read(string path)
    {
        var key = ECDsa.Create();
        try
        {
            key.ImportFromPem(File.ReadAllText(path));
            if (key.KeySize == 256)
            {
                return key;
            }
        }
        catch (Exception failure) when (failure is CryptographicException or ArgumentException)
        {
            key.Dispose();
            throw new IOException($"{path} is no private EC key: {failure.Message}", failure);
        }

        key.Dispose();
        throw new IOException($"{path} is no EC key on the curve P-256");
    }
}
