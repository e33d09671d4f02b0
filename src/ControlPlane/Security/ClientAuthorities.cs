using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Dataplane.ControlPlane.Security;

/// <summary>Roots of client certificates that somebody else signs: kube-apiserver's --client-ca-file.</summary>
internal sealed class ClientAuthorities : IDisposable
{
    private readonly X509Certificate2Collection _roots = [];
    private readonly TimeProvider _time;

    /// <exception cref="IOException">No file of PEM certificates; the message names it.</exception>
    public ClientAuthorities(string path, TimeProvider time)
    {
        _time = time;
        try
        {
            _roots.ImportFromPemFile(path);
        }
        catch (CryptographicException failure)
        {
            throw new IOException($"{path}: no PEM certificates: {failure.Message}", failure);
        }

        if (_roots.Count == 0)
        {
            throw new IOException($"{path}: no PEM certificates");
        }
    }

    /// <summary>Whether one of the roots signed a certificate that is valid now.</summary>
    public bool Accepts(X509Certificate2 certificate) => CertificateAuthority.Accepts(_roots, certificate, _time);

    public void Dispose()
    {
        foreach (var root in _roots)
        {
            root.Dispose();
        }
    }
}
