//! Root keys, and the providers that hold them: those of Rust, and one that is written in Python.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use tenantry::{Argon2Cost, NewRootKey, ProviderError, RootKeyId, RootKeyProvider};

use crate::arguments::SecretText;
use crate::{asyncio, errors};

/// The key that protects all other keys of a store: 32 bytes, kept by the host outside the store.
///
/// Whoever has it and the store can read every secret; without it no secret can be read again.
#[pyclass(frozen, module = "tenantry")]
pub(crate) struct RootKey {
    inner: tenantry::RootKey,
}

#[pymethods]
impl RootKey {
    /// A new random key. Keep it: once a store has secrets, it opens with no other.
    ///
    /// Returns:
    ///     The key.
    ///
    /// Raises:
    ///     RootKeyError: The operating system gave no random numbers.
    #[staticmethod]
    #[pyo3(signature = () -> "RootKey")]
    fn generate() -> PyResult<Self> {
        made(tenantry::RootKey::generate())
    }

    /// The key with these 32 bytes, which must come from a good source of randomness, for example a KMS.
    ///
    /// Args:
    ///     key: 32 bytes.
    ///
    /// Returns:
    ///     The key.
    ///
    /// Raises:
    ///     ValueError: They are not 32.
    #[staticmethod]
    #[pyo3(signature = (key: "bytes", /) -> "RootKey")]
    fn from_bytes(key: &Bound<'_, PyBytes>) -> PyResult<Self> {
        let bytes = <[u8; 32]>::try_from(key.as_bytes());
        let bytes = bytes.map_err(|_| pyo3::exceptions::PyValueError::new_err("a root key has 32 bytes"))?;
        Ok(Self { inner: tenantry::RootKey::from_bytes(bytes) })
    }

    /// The key in an environment variable: 32 bytes in base64 or hexadecimal.
    ///
    /// Args:
    ///     variable: The name of the variable.
    ///
    /// Returns:
    ///     The key.
    ///
    /// Raises:
    ///     RootKeyError: The variable is not set, or does not hold a key.
    #[staticmethod]
    #[pyo3(signature = (variable) -> "RootKey")]
    fn from_env(variable: &str) -> PyResult<Self> {
        // Python's own `os.environ` is what a program changed; both see what the process began with.
        made(tenantry::RootKey::from_env(variable))
    }

    /// The key in a file: 32 bytes in base64 or hexadecimal.
    ///
    /// Args:
    ///     path: The file.
    ///
    /// Returns:
    ///     The key.
    ///
    /// Raises:
    ///     RootKeyError: The file cannot be read, or does not hold a key.
    #[staticmethod]
    #[pyo3(signature = (path: "str | PathLike[str]") -> "RootKey")]
    fn from_file(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        made(py.detach(|| tenantry::RootKey::from_file(path)))
    }

    /// The key in a file, which is made with a new key and mode 0600 if it does not exist. Keep a copy of the file elsewhere.
    ///
    /// Args:
    ///     path: The file; its folder must exist.
    ///
    /// Returns:
    ///     The key.
    ///
    /// Raises:
    ///     RootKeyError: The file cannot be read or made, or does not hold a key.
    #[staticmethod]
    #[pyo3(signature = (path: "str | PathLike[str]") -> "RootKey")]
    fn from_file_or_create(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        made(py.detach(|| tenantry::RootKey::from_file_or_create(path)))
    }

    /// The id of the key in hexadecimal, derived from it.
    #[getter]
    fn id(&self) -> String {
        format!("{:?}", self.inner.id())
    }

    fn __repr__(&self) -> String {
        format!("<tenantry.RootKey {:?}>", self.inner.id())
    }

    fn __copy__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[pyo3(signature = (memo, /))]
    fn __deepcopy__(slf: Py<Self>, memo: &Bound<'_, PyAny>) -> Py<Self> {
        let _ = memo;
        slf
    }

    #[pyo3(signature = () -> "NoReturn")]
    fn __reduce__(&self) -> PyResult<()> {
        Err(pyo3::exceptions::PyTypeError::new_err("a RootKey is not pickled: each process gets it where you keep it"))
    }
}

fn made(key: Result<tenantry::RootKey, tenantry::RootKeyError>) -> PyResult<RootKey> {
    key.map(|inner| RootKey { inner }).map_err(errors::root_key)
}

/// Root keys that the host holds itself: the current one, and others, for a rotation from one to the other.
#[pyclass(frozen, module = "tenantry")]
pub(crate) struct KeyRing {
    inner: tenantry::KeyRing,
}

#[pymethods]
impl KeyRing {
    #[new]
    #[pyo3(signature = (current: "RootKey", /, *others: "RootKey"))]
    fn new(current: &Bound<'_, RootKey>, others: Vec<Bound<'_, RootKey>>) -> Self {
        let ring = tenantry::KeyRing::new(current.get().inner.clone());
        Self { inner: others.iter().fold(ring, |ring, other| ring.with(other.get().inner.clone())) }
    }

    /// The ids of its keys in hexadecimal, the current one first.
    #[getter]
    fn ids<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, pyo3::types::PyTuple>> {
        pyo3::types::PyTuple::new(py, self.inner.ids().map(|id| format!("{id:?}")).collect::<Vec<_>>())
    }
}

/// A passphrase from which the root key is made (Argon2id). Salt and cost stand in the store.
///
/// It is as strong as the passphrase: whoever has the store can try passphrases, each at the cost given.
#[pyclass(frozen, module = "tenantry")]
pub(crate) struct Passphrase {
    inner: tenantry::Passphrase,
}

#[pymethods]
impl Passphrase {
    #[new]
    #[pyo3(signature = (
        passphrase: "str | Secret", /, *earlier: "str | Secret", memory: "int | None" = None, passes: "int | None" = None,
        lanes: "int | None" = None,
    ))]
    fn new(
        passphrase: SecretText,
        earlier: Vec<SecretText>,
        memory: Option<u32>,
        passes: Option<u32>,
        lanes: Option<u32>,
    ) -> PyResult<Self> {
        let mut inner = tenantry::Passphrase::new(passphrase.0);
        for passphrase in earlier {
            inner = inner.with_earlier(passphrase.0);
        }
        if let (Some(memory), Some(passes), Some(lanes)) = (memory, passes, lanes) {
            let cost = Argon2Cost::new(memory, passes, lanes);
            inner = inner.cost(cost.map_err(|_| errors::invalid_input("cost", "is out of bounds"))?);
        } else if memory.or(passes).or(lanes).is_some() {
            return Err(errors::invalid_input("cost", "is memory, passes and lanes together"));
        }
        Ok(Self { inner })
    }
}

/// Whatever gives a store its root keys.
#[derive(Clone, Debug)]
pub(crate) struct Provider(Arc<dyn RootKeyProvider>);

impl<'py> FromPyObject<'_, 'py> for Provider {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(key) = object.cast::<RootKey>() {
            return Ok(Self(Arc::new(key.get().inner.clone())));
        }
        if let Ok(ring) = object.cast::<KeyRing>() {
            return Ok(Self(Arc::new(ring.get().inner.clone())));
        }
        if let Ok(passphrase) = object.cast::<Passphrase>() {
            return Ok(Self(Arc::new(passphrase.get().inner.clone())));
        }
        for method in ["new_key", "key"] {
            if !object.hasattr(method)? {
                let found = object.get_type().name()?;
                let message = format!("a root key, or a provider with new_key() and key(), not {found}");
                return Err(pyo3::exceptions::PyTypeError::new_err(message));
            }
        }
        Ok(Self(Arc::new(Written(Arc::new(object.to_owned().unbind())))))
    }
}

#[async_trait]
impl RootKeyProvider for Provider {
    async fn new_key(&self) -> Result<NewRootKey, ProviderError> {
        self.0.new_key().await
    }

    async fn key(&self, id: RootKeyId, kept: &[u8]) -> Result<Option<tenantry::RootKey>, ProviderError> {
        self.0.key(id, kept).await
    }
}

/// A provider that is written in Python. It may talk to a network, so it is called on a thread of a pool.
#[derive(Clone)]
struct Written(Arc<Py<PyAny>>);

impl fmt::Debug for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a provider written in Python")
    }
}

impl Written {
    async fn ask<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&Bound<'_, PyAny>) -> PyResult<T> + Send + 'static,
    ) -> Result<T, ProviderError> {
        let written = self.clone();
        let asked = move || Python::attach(|py| ask(written.0.bind(py)).map_err(|raised| errors::provider(py, raised)));
        if asyncio::has_pool() { blocking::unblock(asked).await } else { asked() }
    }
}

#[async_trait]
impl RootKeyProvider for Written {
    async fn new_key(&self) -> Result<NewRootKey, ProviderError> {
        let asked = self.ask(|provider| {
            let new = provider.call_method0("new_key")?;
            let key = new.getattr("key")?.cast::<RootKey>()?.get().inner.clone();
            Ok(NewRootKey { key, kept: new.getattr("kept")?.extract()? })
        });
        asked.await
    }

    async fn key(&self, id: RootKeyId, kept: &[u8]) -> Result<Option<tenantry::RootKey>, ProviderError> {
        let (id, kept) = (format!("{id:?}"), kept.to_vec());
        let asked = self.ask(move |provider| {
            let kept = PyBytes::new(provider.py(), &kept);
            let key = provider.call_method1("key", (id, kept))?;
            Ok(if key.is_none() { None } else { Some(key.cast::<RootKey>()?.get().inner.clone()) })
        });
        asked.await
    }
}
