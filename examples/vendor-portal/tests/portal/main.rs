//! The portal as a browser sees it, without a network: every address, as every role.

#[cfg(test)]
mod access;
#[cfg(test)]
mod browser;
#[cfg(test)]
mod forms;
#[cfg(test)]
mod headers;
mod lists;
#[cfg(test)]
mod mail;
#[cfg(test)]
mod readme;
#[cfg(test)]
mod secrecy;
#[cfg(test)]
mod story;
